//! The log statements of the made-up shop, each with how often it is met and which values it takes. Used by the
//! corpus only.

use super::random::Random;
use std::fmt::Write as _;

/// One place in the shop's code that writes a record.
#[derive(Clone, Copy)]
pub(crate) struct Statement {
    weight: u32,
    pub(crate) level: &'static str,
    pub(crate) component: &'static str,
    /// Placeholders: see [`value`].
    text: &'static str,
}

const fn s(weight: u32, level: &'static str, component: &'static str, text: &'static str) -> Statement {
    Statement { weight, level, component, text }
}

const PATHS: [&str; 12] = [
    "/api/v1/orders",
    "/api/v1/products",
    "/healthz",
    "/api/v1/cart",
    "/login",
    "/api/v1/customers",
    "/static/app.js",
    "/search",
    "/api/v2/recommendations",
    "/metrics",
    "/checkout",
    "/admin/reports",
];
const TABLES: [&str; 8] = ["orders", "customers", "order_items", "products", "sessions", "payments", "stock", "audit"];
const HOSTS: [&str; 6] = ["db-primary", "cache-1", "broker-0", "db-replica-2", "payments.example.net", "search-3"];

const STATEMENTS: [Statement; 36] = [
    s(160, "INFO", "gateway", "%ip GET %path/%n 200 %n bytes in %ms ms"),
    s(40, "INFO", "gateway", "%ip POST %path 201 %n bytes in %ms ms"),
    s(12, "INFO", "gateway", "%ip GET %path?page=%d 404 162 bytes in %ms ms"),
    s(70, "INFO", "orders", "order %n placed by customer %c: %d items, total %money EUR"),
    s(50, "INFO", "orders", "order %n moved from PENDING to PAID in %ms ms"),
    s(60, "DEBUG", "orders.pricing", "price of product %c for customer %c is %money (rule %d, cache hit)"),
    s(35, "INFO", "payments", "charge ch_%hex of %money EUR authorised by acquirer %d in %ms ms"),
    s(25, "INFO", "payments", "settlement batch %d closed with %n charges"),
    s(70, "DEBUG", "db.pool", "connection %d borrowed from pool main (active=%d idle=%d waiting=0)"),
    s(60, "DEBUG", "db.query", "SELECT * FROM %table WHERE id = %n took %ms ms, 1 rows"),
    s(20, "INFO", "db.query", "UPDATE %table SET state = 'done' WHERE id = %n took %ms ms"),
    s(45, "DEBUG", "cache", "GET user:%c hit on shard %d (%n bytes)"),
    s(30, "DEBUG", "cache", "GET product:%c miss on shard %d"),
    s(12, "INFO", "cache", "evicted %n keys from shard %d, %d MiB in use"),
    s(30, "INFO", "auth", "session %uuid opened for user %c from %ip"),
    s(18, "INFO", "auth", "token refreshed for session %uuid, expires in 3600 s"),
    s(30, "INFO", "worker", "job %uuid (send-confirmation) finished in %ms ms on worker-%d"),
    s(15, "INFO", "worker", "job %uuid (resize-image) finished in %ms ms on worker-%d"),
    s(20, "DEBUG", "broker", "published message %n to topic order-events partition %d"),
    s(20, "DEBUG", "broker", "consumed offset %n from topic order-events partition %d, lag %d"),
    s(10, "INFO", "broker", "consumer group checkout rebalanced: %d partitions assigned"),
    s(14, "INFO", "stock", "reserved %d of product %c in warehouse EU-%d"),
    s(10, "INFO", "search", "indexed %n documents into products-v%d in %ms ms"),
    s(8, "INFO", "jvm.gc", "pause young (normal) %n KiB -> %n KiB in %ms ms"),
    s(6, "INFO", "scheduler", "next run of cleanup-sessions in %n s"),
    s(4, "INFO", "scheduler", "lease on shard %d renewed until %n"),
    s(3, "INFO", "config", "configuration reloaded from /etc/shop/%path.yaml: %d keys changed"),
    s(
        12,
        "WARN",
        "db.query",
        "slow query (%ms ms): SELECT * FROM %table WHERE customer_id = %c ORDER BY created_at DESC",
    ),
    s(6, "WARN", "gateway", "%ip exceeded %d requests per second on %path, throttled"),
    s(6, "WARN", "cache", "shard %d is at 9%d %% of its memory"),
    s(4, "WARN", "broker", "lag of group checkout on partition %d is %n messages"),
    s(3, "ERROR", "db.pool", "could not connect to %host:5432: connection refused (attempt %d of 5)"),
    s(3, "ERROR", "payments", "charge ch_%hex failed: upstream timed out after %n ms"),
    s(2, "ERROR", "gateway", "%ip POST %path 502: upstream %host closed the connection"),
    s(
        2,
        "ERROR",
        "orders",
        "order %n could not be placed: java.lang.IllegalStateException: stock of product %c is -%d",
    ),
    s(1, "ERROR", "worker", "job %uuid failed and will be retried: No space left on device: /var/spool/%hex"),
];

/// A statement, each as likely as its weight says.
pub(crate) fn pick(random: &mut Random) -> Statement {
    let all: u64 = STATEMENTS.iter().map(|s| u64::from(s.weight)).sum();
    let mut at = random.below(all);
    for statement in STATEMENTS {
        match at.checked_sub(u64::from(statement.weight)) {
            None => return statement,
            Some(rest) => at = rest,
        }
    }
    STATEMENTS[0]
}

impl Statement {
    /// Appends the message with fresh values.
    pub(crate) fn write(&self, out: &mut String, random: &mut Random) {
        let mut rest = self.text;
        while let Some(i) = rest.find('%') {
            out.push_str(&rest[..i]);
            rest = &rest[i + 1..];
            rest = value(rest, out, random);
        }
        out.push_str(rest);
    }
}

/// Writes the value that the placeholder at the start of `rest` stands for and returns what follows it.
fn value<'a>(rest: &'a str, out: &mut String, r: &mut Random) -> &'a str {
    let end = rest.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(rest.len());
    let _ = match &rest[..end] {
        "ip" => write!(out, "10.{}.{}.{}", r.below(3), r.skewed(40), r.skewed(250) + 1),
        "path" => write!(out, "{}", r.of(&PATHS)),
        "table" => write!(out, "{}", r.of(&TABLES)),
        "host" => write!(out, "{}", r.of(&HOSTS)),
        "n" => write!(out, "{}", r.skewed(900_000) + r.below(400)),
        "c" => write!(out, "{}", r.skewed(50_000) + 1000),
        "d" => write!(out, "{}", r.below(10)),
        "ms" => write!(out, "{}", r.millis()),
        "money" => write!(out, "{}.{:02}", r.skewed(900) + 3, r.below(4) * 25),
        "hex" => write!(out, "{:08x}", r.next() as u32),
        "uuid" => write!(
            out,
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            r.next() as u32,
            r.below(65_536),
            r.below(4096),
            r.below(4096),
            r.next() & 0xFFFF_FFFF_FFFF
        ),
        _ => {
            out.push('%');
            return rest.strip_prefix('%').unwrap_or(rest);
        }
    };
    &rest[end..]
}

/// Appends a stack trace, as Java writes it.
pub(crate) fn stack_trace(out: &mut String, r: &mut Random) {
    const FRAMES: [&str; 6] = [
        "com.example.shop.orders.OrderService.place(OrderService.java",
        "com.example.shop.stock.Reservation.apply(Reservation.java",
        "com.example.shop.db.Pool.borrow(Pool.java",
        "java.base/java.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java",
        "java.base/java.lang.Thread.run(Thread.java",
        "com.example.shop.web.Handler.handle(Handler.java",
    ];
    out.push_str("java.lang.IllegalStateException: request could not be completed\n");
    for _ in 0..3 + r.below(12) {
        let _ = writeln!(out, "\tat {}:{})", FRAMES[r.below(6) as usize], r.below(400) + 20);
    }
}
