#![allow(clippy::unwrap_used)]
use super::*;
use crate::testing::block;
use crate::testkit::Postgresql;
use crate::vectors::tests::contract;
use std::path::{Path, PathBuf};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

const USER: &str = "CREATE ROLE me LOGIN PASSWORD 's3cret'";

/// A server with a database `ours` of the user `me`, with pgvector.
fn server() -> Option<Postgresql> {
    let server = Postgresql::start()?;
    server.run("postgres", USER).unwrap();
    server.run("postgres", "CREATE DATABASE ours OWNER me").unwrap();
    server.run("ours", "CREATE EXTENSION vector").unwrap();
    Some(server)
}

fn store(server: &Postgresql, collection: &str) -> Postgres {
    Postgres::new(&server.url("me", "ours"), collection, Some("s3cret")).unwrap()
}

fn told(store: &Postgres) -> String {
    block(store.known(vec![ContentHash(1)])).unwrap_err().to_string()
}

fn points(n: u32) -> Vec<Point> {
    // Different directions in every part of the plane.
    let vector = |n: u32| vec![(f64::from(n) * 0.7).sin() as f32, (f64::from(n) * 0.7).cos() as f32, n as f32 * 1e-3];
    (0..n).map(|n| (ContentHash::of(&[&n.to_string()]), vector(n))).collect()
}

#[test]
fn pgvector_keeps_the_contract() {
    let Some(server) = server() else { return };
    contract(&store(&server, "aiobs-by-words-1"));
    let columns = "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) \
                   FROM pg_attribute WHERE attrelid = 'aiobs_by_words_1'::regclass AND attnum > 0";
    let kept = server.value("ours", columns).unwrap();
    assert_eq!(kept, "content uuid, vector vector(2)", "nothing else leaves");

    // The same where the extension is in a schema that nobody looks into, and over the socket.
    server.run("postgres", "CREATE DATABASE apart OWNER me").unwrap();
    server.run("apart", "CREATE SCHEMA \"Some where\"; GRANT USAGE ON SCHEMA \"Some where\" TO me").unwrap();
    server.run("apart", "CREATE EXTENSION vector SCHEMA \"Some where\"").unwrap();
    let url = format!("postgres://me@localhost:{}/apart?host={}", server.port, server.socket().display());
    contract(&Postgres::new(&url, "c", None).unwrap());
}

#[test]
fn names_of_models_become_names_of_tables_that_differ() {
    assert_eq!(table_name("aiobs-ollama-nomic-embed-text-v1-5"), "aiobs_ollama_nomic_embed_text_v1_5");
    let long = |end: &str| table_name(&format!("aiobs-{}-{end}", "x".repeat(80)));
    assert_ne!(long("a"), long("b"), "PostgreSQL would cut both at the same place");
    assert!(long("a").len() <= LONGEST);
    assert_eq!(written(&[]), "[]");
    assert_eq!(written(&[1.0, -0.25, f32::MIN_POSITIVE]), "[1e0,-2.5e-1,1.1754944e-38]");
}

#[test]
fn every_number_comes_back_as_it_was() {
    let Some(server) = server() else { return };
    let store = store(&server, "c");
    let odd = vec![0.1, -1.0 / 3.0, f32::MIN_POSITIVE, f32::MAX, 0.0, 1e-7, 123_456_790.0];
    block(async {
        store.put(vec![(ContentHash(7), odd.clone())]).await.unwrap();
        let page = store.page(None, 10).await.unwrap();
        assert_eq!(page.points, [(ContentHash(7), odd)]);
        // Twice in one batch: the last one counts.
        let (first, second) = (vec![1.0; 7], vec![2.0; 7]);
        store.put(vec![(ContentHash(8), first), (ContentHash(8), second.clone())]).await.unwrap();
        assert_eq!(store.page(Some(id_of(ContentHash(7))), 10).await.unwrap().points, [(ContentHash(8), second)]);
        let refused = store.put(vec![(ContentHash(9), vec![f32::NAN; 7])]).await.unwrap_err().to_string();
        assert!(refused.contains("NaN not allowed"), "{refused}");
        // A question without a direction is answered with nothing.
        assert_eq!(store.near(vec![0.0; 7], None, 5).await.unwrap(), []);
    });
}

#[test]
fn what_is_wrong_is_told_with_what_to_do() {
    let Some(server) = server() else { return };
    let wrong = Postgres::new(&server.url("me", "ours"), "c", Some("wr0ng")).unwrap();
    let e = told(&wrong);
    assert!(e.contains("(28P01): password authentication failed for user \"me\"; the password is read as"), "{e}");
    assert!(!e.contains("wr0ng"));
    let none = Postgres::new(&server.url("me", "ours"), "c", None).unwrap();
    assert!(
        told(&none).contains("it asks for a password: name its variable in knowledge.store_key_env"),
        "{}",
        told(&none)
    );
    let nowhere = Postgres::new(&server.url("me", "elsewhere"), "c", Some("s3cret")).unwrap();
    assert!(told(&nowhere).contains("\"elsewhere\" does not exist; create it with `createdb`"), "{}", told(&nowhere));

    server.run("postgres", "CREATE DATABASE plain OWNER me").unwrap();
    let plain = Postgres::new(&server.url("me", "plain"), "c", Some("s3cret")).unwrap();
    let e = told(&plain);
    assert!(
        e.contains("pgvector is not enabled: run `CREATE EXTENSION vector` in the database plain, as a superuser"),
        "{e}"
    );

    server.run("ours", "CREATE TABLE orders(id bigint PRIMARY KEY, content text)").unwrap();
    let e = told(&store(&server, "orders"));
    assert!(
        e.contains("there is a table \"orders\" that is not for vectors of aiobs: it has id int8, content text"),
        "{e}"
    );
    let list = server.value("ours", "SELECT count(*) FROM orders").unwrap();
    assert_eq!(list, "0", "and is left alone");

    server.run("postgres", "CREATE ROLE guest LOGIN PASSWORD 's3cret'").unwrap();
    server.run("ours", "REVOKE CREATE ON SCHEMA public FROM PUBLIC").unwrap();
    let guest = Postgres::new(&server.url("guest", "ours"), "c", Some("s3cret")).unwrap();
    let e = block(guest.put(points(1))).unwrap_err().to_string();
    assert!(e.contains("(42501): permission denied for schema public; its owner can allow it: `GRANT CREATE"), "{e}");

    let tls = Postgres::new(&(server.url("me", "ours") + "?sslmode=require"), "c", Some("s3cret")).unwrap();
    assert!(told(&tls).contains("server does not support TLS; where the way to it is safe, add ?sslmode=disable"));
    let port = server.port;
    let kept = store(&server, "c");
    assert!(block(kept.known(vec![ContentHash(1)])).unwrap().is_empty());
    drop(server);
    let e = told(&kept);
    assert!(e.starts_with(&format!("no vector store at pgvector 127.0.0.1:{port}/ours (")), "{e}");
    assert!(e.contains("Connection refused"), "{e}");
}

#[test]
fn a_lost_connection_is_opened_anew() {
    let Some(server) = server() else { return };
    let store = store(&server, "c");
    // One runtime throughout, as in the program.
    let rt = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    rt.block_on(store.put(points(3))).unwrap();
    server.run("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'me'").unwrap();
    let mut answered = rt.block_on(store.count());
    // The first one asked may be the one that hears of it.
    if answered.is_err() {
        answered = rt.block_on(store.count());
    }
    assert_eq!(answered.unwrap(), 3);
    // A table that somebody dropped is made again.
    server.run("ours", "DROP TABLE c").unwrap();
    assert_eq!(rt.block_on(store.count()).unwrap(), 0);
    rt.block_on(store.put(points(2))).unwrap();
    assert_eq!(rt.block_on(store.count()).unwrap(), 2);
}

#[test]
fn many_vectors_get_an_index_and_are_found_all_the_same() {
    let Some(server) = server() else { return };
    let mut store = store(&server, "c");
    store.indexed_from = 600;
    let all = points(700);
    let indexes = "SELECT count(*) FROM pg_indexes WHERE tablename = 'c' AND indexdef LIKE '%vector_cosine_ops%'";
    block(store.put(all[..550].to_vec())).unwrap();
    assert_eq!(server.value("ours", indexes).unwrap(), "0");
    block(store.put(all[550..].to_vec())).unwrap();
    let has_hnsw = server.value("ours", "SELECT count(*) FROM pg_am WHERE amname = 'hnsw'").unwrap();
    assert_eq!(server.value("ours", indexes).unwrap(), has_hnsw, "one, where the extension knows them");
    // So few would be compared one by one otherwise.
    server.run("postgres", "ALTER ROLE me SET enable_seqscan = off").unwrap();
    let store = self::store(&server, "c");
    let (asked, query) = all[123].clone();
    let near = block(store.near(query.clone(), None, 10)).unwrap();
    let exact = block(store.near(query.clone(), Some(all.iter().map(|p| p.0).collect()), 10)).unwrap();
    assert_eq!((near.len(), near[0].0, exact[0].0), (10, asked, asked));
    let same = near.iter().filter(|n| exact.iter().any(|e| e.0 == n.0)).count();
    assert!(same >= 9, "{same} of 10 of {exact:?}");
    assert_eq!(block(store.near(query.clone(), None, 500)).unwrap().len(), 500, "more than the index would look at");
    let few: Vec<ContentHash> = all[..20].iter().map(|p| p.0).collect();
    let near = block(store.near(query, Some(few.clone()), 50)).unwrap();
    assert!(near.len() == 20 && near.iter().all(|n| few.contains(&n.0)), "a narrow search misses nothing");
}

/// A file of the tests of alerts: a certificate for localhost, and what signed it.
fn of_alerts(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../aiobs-sync/src/alert/testing").join(name)
}

/// TLS in front of a server, negotiated as PostgreSQL does; gives its port.
async fn encrypting(server: u16) -> u16 {
    let certificates = CertificateDer::pem_file_iter(of_alerts("server.pem")).unwrap().map(|c| c.unwrap()).collect();
    let key = PrivateKeyDer::from_pem_file(of_alerts("server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut asked = [0; 8];
                client.read_exact(&mut asked).await.unwrap();
                assert_eq!(asked, [0, 0, 0, 8, 4, 210, 22, 47], "a request for TLS comes first");
                client.write_all(b"S").await.unwrap();
                // Who does not trust the certificate goes away here.
                let Ok(mut client) = acceptor.accept(client).await else { return };
                let mut server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    port
}

#[test]
fn an_encrypted_connection_is_checked() {
    let Some(server) = server() else { return };
    let empty = tempfile::NamedTempFile::new().unwrap();
    block(async {
        let port = encrypting(server.port).await;
        let at = |rest: &str| {
            let url = format!("postgres://me@localhost:{port}/ours?sslmode={rest}");
            Postgres::new(&url, "c", Some("s3cret")).unwrap()
        };
        let trusted = format!("verify-full&sslrootcert={}", of_alerts("ca.pem").display());
        let store = at(&trusted);
        store.put(points(3)).await.unwrap();
        assert_eq!(store.count().await.unwrap(), 3);
        for (rest, wanted) in [
            ("require", "UnknownIssuer; add ?sslrootcert=FILE"),
            ("require&sslrootcert=/nowhere.pem", "sslrootcert /nowhere.pem: "),
            (&*format!("require&sslrootcert={}", empty.path().display()), "no certificate in it"),
            (&*(trusted + "&host=127.0.0.2"), "certificate not valid for name \"127.0.0.2\""),
        ] {
            let e = at(rest).count().await.unwrap_err().to_string();
            assert!(e.contains(wanted), "{rest}: {e}");
        }
    });
}
