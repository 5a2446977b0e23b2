//! A safe trait for read-only virtual tables of SQLite. rusqlite's traits for them are `unsafe` to implement, because
//! SQLite gets pointers to the implementing structs and reads a base struct at their front. This crate keeps that one
//! promise in one small place, so that the store, which has the tables, needs no `unsafe` at all. It knows nothing of
//! logs.
//!
//! What the two `unsafe impl`s below promise, and why it holds: [`Bridge`] and [`Cursor`] are `#[repr(C)]` and begin
//! with SQLite's base struct, made by `Default` and never touched again here (rusqlite and SQLite own its contents).
//! Nothing in this crate dereferences a pointer.

use rusqlite::types::{ToSqlOutput, Value};
use rusqlite::vtab::{
    Context, Filters, IndexConstraintOp, IndexInfo, Module, VTab, VTabConnection, VTabCursor, sqlite3_vtab,
    sqlite3_vtab_cursor,
};
use rusqlite::{Connection, Error, Result};
use std::borrow::Cow;
use std::ffi::{CStr, CString, c_int};
use std::fmt::Write as _;
use std::marker::PhantomData;
use std::sync::Arc;

/// How a column is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `>`
    Over,
    /// `>=`
    AtLeast,
    /// `<`
    Under,
    /// `<=`
    AtMost,
    /// `LIKE`
    Like,
    /// `GLOB`
    Glob,
    /// `REGEXP`
    Regexp,
}

const OPS: [Op; 9] =
    [Op::Equal, Op::NotEqual, Op::Over, Op::AtLeast, Op::Under, Op::AtMost, Op::Like, Op::Glob, Op::Regexp];

/// A comparison with a value, of a column counted from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Which column.
    pub column: usize,
    /// How.
    pub op: Op,
    /// With what.
    pub value: Value,
}

/// What a scan is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scan {
    /// Rows that do not fulfil all of these may be left out; SQLite tests them again.
    pub conditions: Vec<Condition>,
    /// The highest row number first. Rows must come in the order of their numbers.
    pub descending: bool,
    /// Bit `i` is set when column `i` is read; bit 63 stands for all from there on.
    pub used: u64,
}

/// A read-only table.
pub trait Table: Send + Sync + 'static {
    /// The columns as in `CREATE TABLE x(...)`.
    fn declaration(&self) -> String;

    /// Whether [`Table::scan`] makes use of such a comparison; `None` when it is of no use. The number is how many times
    /// fewer rows remain, for the planner.
    fn uses(&self, column: usize, op: Op) -> Option<f64>;

    /// A column that may be given as argument, as in `name('x')`: it must be known before a scan begins.
    fn argument(&self) -> Option<usize> {
        None
    }

    /// Begins a scan.
    ///
    /// # Errors
    /// What is wrong, for the user.
    fn scan(&self, scan: &Scan) -> std::result::Result<Box<dyn Rows>, String>;
}

/// A scan that goes on. It begins before its first row.
pub trait Rows {
    /// Goes to the next row. Whether there is one.
    ///
    /// # Errors
    /// What is wrong, for the user.
    fn next(&mut self) -> std::result::Result<bool, String>;

    /// Number of the row.
    fn number(&self) -> i64;

    /// Value of a column of the row.
    fn column(&self, column: usize) -> ToSqlOutput<'_>;
}

/// Makes `table` known under `name` on this connection, for as long as it is open.
///
/// # Errors
/// What SQLite says.
pub fn register(conn: &Connection, name: &str, table: Arc<dyn Table>) -> Result<()> {
    const MODULE: &Module<'static, Bridge> = &Module::eponymous_only_module();
    conn.create_module(name, MODULE, Some(table))
}

#[repr(C)]
struct Bridge {
    /// SQLite's; must be first.
    base: sqlite3_vtab,
    table: Arc<dyn Table>,
}

#[repr(C)]
struct Cursor<'vtab> {
    /// SQLite's; must be first.
    base: sqlite3_vtab_cursor,
    table: Arc<dyn Table>,
    rows: Option<Box<dyn Rows>>,
    more: bool,
    of: PhantomData<&'vtab Bridge>,
}

// SAFETY: `Bridge` is `#[repr(C)]` and its first field is `sqlite3_vtab`.
#[allow(unsafe_code, reason = "a promise about the layout, kept right above")]
unsafe impl<'vtab> VTab<'vtab> for Bridge {
    type Aux = Arc<dyn Table>;
    type Cursor = Cursor<'vtab>;

    fn connect(
        _: &mut VTabConnection,
        aux: Option<&Self::Aux>,
        _: &[u8],
        _: &[u8],
        _: &[u8],
        _: &[&[u8]],
    ) -> Result<(Cow<'static, CStr>, Self)> {
        let table = aux.cloned().ok_or_else(|| Error::ModuleError("a virtual table without a table".into()))?;
        let sql = CString::new(format!("CREATE TABLE x({})", table.declaration()))?;
        Ok((Cow::Owned(sql), Self { base: sqlite3_vtab::default(), table }))
    }

    fn best_index(&self, info: &mut IndexInfo) -> Result<bool> {
        Ok(plan(self.table.as_ref(), info))
    }

    fn open(&'vtab mut self) -> Result<Cursor<'vtab>> {
        Ok(Cursor {
            base: sqlite3_vtab_cursor::default(),
            table: Arc::clone(&self.table),
            rows: None,
            more: false,
            of: PhantomData,
        })
    }
}

/// Rows of a table nobody knows anything about; only what a condition saves counts.
const MANY: f64 = 1e9;

/// Tells SQLite what a scan makes use of. False when it cannot be one.
fn plan(table: &dyn Table, info: &mut IndexInfo) -> bool {
    let mut text = format!("{:x}", info.col_used());
    let mut rows = MANY;
    let argument = table.argument();
    let mut given = 0;
    // Under another order of texts than these two, equal texts may look different.
    let usual: Vec<bool> =
        (0..info.constraints().count()).map(|i| matches!(info.collation(i), Ok("BINARY" | "NOCASE"))).collect();
    for ((condition, mut usage), usual) in info.constraints_and_usages().zip(usual) {
        let Some(op) = op(&condition.operator()) else { continue };
        // A row's number is its first column.
        let Ok(column) = usize::try_from(condition.column().max(0)) else { continue };
        let is_argument = argument == Some(column) && op == Op::Equal;
        if is_argument && !condition.is_usable() {
            return false;
        }
        let saves = if is_argument { Some(10.0) } else { table.uses(column, op).filter(|_| usual) };
        let Some(saves) = saves.filter(|_| condition.is_usable()) else { continue };
        rows = (rows / saves).max(1.0);
        given += 1;
        usage.set_argv_index(given);
        usage.set_omit(is_argument);
        let _ = write!(text, " {column}.{}", op as u8);
    }
    let order: Vec<(c_int, bool)> = info.order_bys().map(|o| (o.column(), o.is_order_by_desc())).collect();
    if let [(column, descending)] = order.as_slice()
        && *column <= 0
    {
        info.set_order_by_consumed(true);
        info.set_idx_num(c_int::from(*descending));
    }
    info.set_idx_str(&text);
    info.set_estimated_cost(rows * 10.0 + 1_000.0);
    #[allow(clippy::cast_possible_truncation, reason = "at most MANY")]
    info.set_estimated_rows(rows as i64);
    true
}

const fn op(op: &IndexConstraintOp) -> Option<Op> {
    Some(match op {
        IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_EQ => Op::Equal,
        IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_NE => Op::NotEqual,
        IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_GT => Op::Over,
        IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_GE => Op::AtLeast,
        IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_LT => Op::Under,
        IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_LE => Op::AtMost,
        IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_LIKE => Op::Like,
        IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_GLOB => Op::Glob,
        IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_REGEXP => Op::Regexp,
        _ => return None,
    })
}

/// Reads what [`plan`] wrote.
fn scan(plan: &str, descending: bool, args: &Filters<'_>) -> Option<Scan> {
    let mut words = plan.split(' ');
    let used = u64::from_str_radix(words.next()?, 16).ok()?;
    let mut conditions = Vec::new();
    for (word, value) in words.zip(args.iter()) {
        let (column, op) = word.split_once('.')?;
        let op = *OPS.get(op.parse::<usize>().ok()?)?;
        conditions.push(Condition { column: column.parse().ok()?, op, value: Value::try_from(value).ok()? });
    }
    Some(Scan { conditions, descending, used })
}

impl Cursor<'_> {
    fn step(&mut self) -> Result<()> {
        let next = self.rows.as_mut().map_or(Ok(false), |rows| rows.next());
        self.more = next.map_err(Error::ModuleError)?;
        Ok(())
    }
}

// SAFETY: `Cursor` is `#[repr(C)]` and its first field is `sqlite3_vtab_cursor`.
#[allow(unsafe_code, reason = "a promise about the layout, kept right above")]
unsafe impl VTabCursor for Cursor<'_> {
    fn filter(&mut self, idx_num: c_int, idx_str: Option<&str>, args: &Filters<'_>) -> Result<()> {
        let scan = scan(idx_str.unwrap_or_default(), idx_num == 1, args)
            .ok_or_else(|| Error::ModuleError("a plan that makes no sense".into()))?;
        self.rows = None;
        self.rows = Some(self.table.scan(&scan).map_err(Error::ModuleError)?);
        self.step()
    }

    fn next(&mut self) -> Result<()> {
        self.step()
    }

    fn eof(&self) -> bool {
        !self.more
    }

    fn column(&self, ctx: &mut Context, i: c_int) -> Result<()> {
        match (&self.rows, usize::try_from(i)) {
            (Some(rows), Ok(column)) => ctx.set_result(rows.column(column)),
            _ => Ok(()),
        }
    }

    fn rowid(&self) -> Result<i64> {
        Ok(self.rows.as_ref().map_or(0, |rows| rows.number()))
    }
}

#[cfg(test)]
mod tests;
