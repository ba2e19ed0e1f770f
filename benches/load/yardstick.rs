//! The yardstick: the least that a JSON service on the same web framework does, in a process of its own.
//!
//! What the service does is told as a share of it, measured side by side in one run: that holds on any machine.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::Duration,
};

use actix_web::{App, HttpResponse, HttpServer, web};
use diesel::{
    IntoSql, PgConnection, RunQueryDsl,
    r2d2::{ConnectionManager, Pool},
    sql_types::Integer,
};
use serde::Serialize;

use crate::{
    Result,
    client::{self, Clients, Measured, Times},
    workloads,
};

/// The argument that makes this program the yardstick.
pub const ARGUMENT: &str = "yardstick";

/// Connections of the pool: as many as the service has by itself.
const CONNECTIONS: u32 = 8;

/// Connections to the PostgreSQL of the run, where it has one.
type Connections = Option<Pool<ConnectionManager<PgConnection>>>;

/// What the yardstick is asked for.
#[derive(Debug, Clone, Copy)]
pub enum Bare {
    /// An answer as long as a dossier.
    Dossier,
    /// An answer of so many bytes.
    Bytes(usize),
    /// An answer of so many bytes, once PostgreSQL has answered `SELECT 1`.
    Select(usize),
}

/// As many members and bytes as a dossier has.
#[derive(Serialize)]
struct Dossier {
    code: &'static str,
    unit_id: &'static str,
    received_by_unit_id: Option<&'static str>,
    procedure_code: &'static str,
    field: &'static str,
    submitted_via: &'static str,
    online_level: Option<&'static str>,
    returned_via: &'static str,
    interlinked: bool,
    synthetic: bool,
    submitted_at: Option<&'static str>,
    accepted_at: &'static str,
    first_due_at: &'static str,
    due_at: &'static str,
    re_appointed_to: Option<&'static str>,
    finished_at: &'static str,
    returned_at: Option<&'static str>,
    status: u8,
    outcome: &'static str,
    re_appointed_kept: bool,
    due_derived: bool,
    due_calendar: Option<&'static str>,
    recorded_at: &'static str,
    anomalies: [u8; 0],
}

async fn dossier() -> HttpResponse {
    HttpResponse::Ok().json(Dossier {
        code: "000.00.15.H20-200102-0001",
        unit_id: "gso-874",
        received_by_unit_id: None,
        procedure_code: "1.001776",
        field: "Bảo trợ xã hội",
        submitted_via: "in_person",
        online_level: None,
        returned_via: "counter",
        interlinked: false,
        synthetic: true,
        submitted_at: None,
        accepted_at: "2020-01-02T07:17:00+07:00",
        first_due_at: "2020-02-10T17:00:00+07:00",
        due_at: "2020-02-10T17:00:00+07:00",
        re_appointed_to: None,
        finished_at: "2020-01-09T08:40:00+07:00",
        returned_at: None,
        status: 10,
        outcome: "early",
        re_appointed_kept: false,
        due_derived: false,
        due_calendar: None,
        recorded_at: "2020-01-09T08:40:05.000001+07:00",
        anomalies: [],
    })
}

/// A JSON text of so many bytes, its quotes included.
async fn bytes(length: web::Path<usize>) -> HttpResponse {
    HttpResponse::Ok().json("x".repeat(length.into_inner().saturating_sub(2)))
}

/// The same, once the database has answered one prepared query.
async fn select(connections: web::Data<Connections>, length: web::Path<usize>) -> HttpResponse {
    let asked = web::block(move || -> Result<i32> {
        let mut connection = connections.as_ref().as_ref().ok_or("no PostgreSQL")?.get()?;
        Ok(diesel::select(1.into_sql::<Integer>()).get_result(&mut connection)?)
    });
    match asked.await {
        Ok(Ok(1)) => bytes(length).await,
        _ => HttpResponse::InternalServerError().finish(),
    }
}

fn connections() -> Result<Connections> {
    let Some(url) = std::env::var("CHISO_BENCH_DATABASE_URL").ok().filter(|url| !url.is_empty()) else {
        return Ok(None);
    };
    // One that is taken from the pool is not tried first: that would be a second query.
    let pool = Pool::builder().max_size(CONNECTIONS).test_on_check_out(false);
    Ok(Some(pool.build(ConnectionManager::new(url))?))
}

/// Serves until it is killed; prints its address.
///
/// # Errors
/// When it can't be bound.
pub fn serve() -> Result<()> {
    let workers = std::thread::available_parallelism()?.get();
    let connections = web::Data::new(connections()?);
    actix_web::rt::System::new().block_on(async {
        let server = HttpServer::new(move || {
            App::new()
                .app_data(connections.clone())
                .route("/dossier", web::get().to(dossier))
                .route("/bytes/{length}", web::get().to(bytes))
                .route("/select/{length}", web::get().to(select))
        });
        let server = server.workers(workers).bind("127.0.0.1:0")?;
        println!("{}", server.addrs().first().ok_or("no address")?);
        Ok(server.run().await?)
    })
}

/// The yardstick as a child process; it ends with this value.
pub struct Yardstick {
    child: Child,
    address: SocketAddr,
}

impl Yardstick {
    /// Starts it.
    ///
    /// # Errors
    /// When it doesn't start.
    pub fn start() -> Result<Self> {
        let program = std::env::current_exe()?;
        let mut child = Command::new(program).arg(ARGUMENT).stdout(Stdio::piped()).spawn()?;
        let mut address = String::new();
        let output = child.stdout.take().ok_or("the yardstick has no output")?;
        BufReader::new(output).read_line(&mut address)?;
        Ok(Self { address: address.trim().parse()?, child })
    }

    /// Its speed.
    ///
    /// # Errors
    /// Those of a load.
    pub fn measure(&self, bare: Bare, times: Times) -> Result<Measured> {
        let path = match bare {
            Bare::Dossier => "/dossier".to_owned(),
            Bare::Bytes(length) => format!("/bytes/{length}"),
            Bare::Select(length) => format!("/select/{length}"),
        };
        let times = Times { warm_up: Duration::from_millis(500), ..times };
        let clients = Clients { connections: 16, every: None, requests: workloads::same(&path) };
        client::load(self.address, &[clients], times)?.pop().ok_or_else(|| "nothing was measured".into())
    }
}

impl Drop for Yardstick {
    fn drop(&mut self) {
        // Nothing is left to do where it has already ended.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}
