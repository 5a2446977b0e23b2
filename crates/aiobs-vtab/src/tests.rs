#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use std::sync::Mutex;

/// The numbers from 1 to 100, their squares, and an argument that all squares are multiplied with.
#[derive(Default)]
struct Squares {
    scans: Mutex<Vec<Scan>>,
}

struct Numbers {
    at: i64,
    step: i64,
    end: i64,
    factor: i64,
}

impl Table for Squares {
    fn declaration(&self) -> String {
        "n INTEGER, square INTEGER, word TEXT, factor HIDDEN".to_owned()
    }

    fn uses(&self, column: usize, op: Op) -> Option<f64> {
        (column == 0 && matches!(op, Op::Equal | Op::AtLeast | Op::Like)).then_some(100.0)
    }

    fn argument(&self) -> Option<usize> {
        Some(3)
    }

    fn scan(&self, scan: &Scan) -> std::result::Result<Box<dyn Rows>, String> {
        self.scans.lock().unwrap().push(scan.clone());
        let mut factor = 1;
        let (mut low, mut high) = (1, 100);
        for c in &scan.conditions {
            match (c.column, &c.value) {
                (3, Value::Integer(n)) => factor = *n,
                (3, _) => return Err("the factor must be a whole number".into()),
                (0, Value::Integer(n)) if c.op == Op::Equal => (low, high) = (*n, *n),
                (0, Value::Integer(n)) => low = *n,
                _ => {}
            }
        }
        let (at, end, step) = if scan.descending { (high + 1, low, -1) } else { (low - 1, high, 1) };
        Ok(Box::new(Numbers { at, step, end, factor }))
    }
}

impl Rows for Numbers {
    fn next(&mut self) -> std::result::Result<bool, String> {
        self.at += self.step;
        if self.at == 66 && self.factor == 66 {
            return Err("no 66".into());
        }
        Ok(self.at * self.step <= self.end * self.step)
    }

    fn number(&self) -> i64 {
        self.at
    }

    fn column(&self, column: usize) -> ToSqlOutput<'_> {
        match column {
            0 => self.at.into(),
            1 => (self.at * self.at * self.factor).into(),
            2 => format!("word {}", self.at).into(),
            _ => self.factor.into(),
        }
    }
}

fn open() -> (Connection, Arc<Squares>) {
    let conn = Connection::open_in_memory().unwrap();
    let table = Arc::new(Squares::default());
    register(&conn, "squares", Arc::clone(&table) as Arc<dyn Table>).unwrap();
    (conn, table)
}

fn numbers(conn: &Connection, sql: &str) -> Vec<i64> {
    conn.prepare(sql).unwrap().query_map([], |r| r.get(0)).unwrap().collect::<Result<_>>().unwrap()
}

#[test]
fn conditions_order_and_columns_reach_the_table() {
    let (conn, table) = open();
    assert_eq!(numbers(&conn, "SELECT square FROM squares WHERE n >= 98 ORDER BY n DESC"), [10_000, 9_801, 9_604]);
    let scan = table.scans.lock().unwrap().pop().unwrap();
    assert_eq!(scan.conditions, [Condition { column: 0, op: Op::AtLeast, value: Value::Integer(98) }]);
    assert!(scan.descending);
    assert_eq!(scan.used & 0b111, 0b011);
    assert_eq!(numbers(&conn, "SELECT count(*) FROM squares WHERE word LIKE '%7%' AND n <> 7"), [18]);
    assert_eq!(numbers(&conn, "SELECT rowid FROM squares WHERE n IN (5, 3)").len(), 2);
    assert_eq!(numbers(&conn, "SELECT a.n FROM squares a JOIN squares b ON a.n = b.square WHERE b.n < 4"), [1, 4, 9]);
}

#[test]
fn an_argument_and_errors_of_the_table() {
    let (conn, _) = open();
    assert_eq!(numbers(&conn, "SELECT square FROM squares(3) WHERE n = 2"), [12]);
    let error = |sql: &str| {
        conn.prepare(sql)
            .unwrap()
            .query_map([], |r| r.get::<_, i64>(0))
            .unwrap()
            .collect::<Result<Vec<_>>>()
            .unwrap_err()
    };
    assert!(error("SELECT n FROM squares('x')").to_string().contains("must be a whole number"));
    assert!(error("SELECT n FROM squares(66)").to_string().contains("no 66"));
    assert!(conn.execute("DELETE FROM squares", []).is_err());
    assert!(conn.execute("CREATE VIRTUAL TABLE t USING squares", []).is_err());
}
