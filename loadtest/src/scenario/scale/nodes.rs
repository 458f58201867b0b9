//! The same tasks by one node and by two, on the same processors, with the same Postgres and Redis.

use super::super::compare::browser::Site;
use super::level::two_nodes;
use super::load::{self, Done, OF_A_PERSON};
use super::stand::{REDIS, Stand, end};
use super::{Given, Part, Pieces, cell};
use crate::check::Check;
use crate::measure::{Spread, ratio};
use crate::report::{Table, number};
use crate::scenario::Failure;
use crate::server::{POSTGRES, SERVER};

/// Tasks under way, by all nodes together: few, and as many as keep the nodes full, which is what is judged. Of few, each of
/// two nodes commits half as many together, and a commit costs the same for one as for many.
const IN_FLIGHT: [u32; 2] = [100, FULL];
const FULL: u32 = 500;
/// As many tasks as are under way are measured so many times at least: the beginning and the end are short beside it.
pub(super) const TURNS: u32 = 12;
/// Before it is measured: this share of the measured tasks.
const WARM_SHARE: u32 = 5;

/// What one and what two nodes did, round by round.
type Pair = [Vec<Done>; 2];

/// Measures in turn; what was found goes to the report.
pub(super) async fn run(given: Given<'_>, pieces: &mut Pieces) -> Result<(), Failure> {
    let stand = Stand::start(true).await?;
    let mut outcome = Ok(());
    for in_flight in IN_FLIGHT {
        let mut pair = Pair::default();
        if outcome.is_ok() {
            outcome = rounds(&stand, given, in_flight, &mut pair).await;
        }
        report(&pair, in_flight, given, pieces);
    }
    stand.stop().await;
    pieces.measured.push(Part::Nodes);
    outcome
}

/// How many tasks are measured.
fn tasks(given: Given<'_>, in_flight: u32) -> u32 {
    given.sizes.tasks.max(given.sizes.turns * in_flight)
}

async fn rounds(stand: &Stand, given: Given<'_>, in_flight: u32, pair: &mut Pair) -> Result<(), Failure> {
    for round in 0..given.sizes.rounds {
        // A B, B A, …: nobody always comes after the other.
        let order = if round % 2 == 0 { [0, 1] } else { [1, 0] };
        for place in order {
            let measured = measure(stand, place + 1, in_flight, given).await?;
            super::tasks::judge(given.findings, &measured);
            crate::out::note(format!(
                "nodes: {}, {in_flight} in flight: {:.0} tasks/s, p99 {:.0} ms, {:.2} CPU s a 1,000",
                place + 1,
                measured.per_second,
                measured.p99_ms,
                measured.cpu_all()
            ));
            if let Some(list) = pair.get_mut(place) {
                list.push(measured);
            }
        }
    }
    Ok(())
}

/// So many nodes, each with its share of the browsers and of the processors' worker threads.
async fn measure(stand: &Stand, nodes: usize, in_flight: u32, given: Given<'_>) -> Result<Done, Failure> {
    let workers = (crate::report::machine().cores / nodes).max(1);
    let share = u32::try_from(nodes).unwrap_or(1);
    let tasks = tasks(given, in_flight);
    let mut runs = Vec::new();
    let measured = async {
        let (mut sites, mut parts) = (Vec::new(), stand.parts());
        for _ in 0..nodes {
            let run = stand.node(given, &[("workers", workers.to_string())]).await?;
            let browsers = in_flight.min(tasks) / share;
            let people = run.people(usize::try_from(browsers.div_ceil(OF_A_PERSON)).unwrap_or(1), 0).await;
            parts.extend(run.target.parts());
            let of_node = match people {
                Ok(people) => Site::ours(&run, &people, browsers).await,
                Err(failure) => Err(failure),
            };
            runs.push(run);
            sites.push(of_node?);
        }
        load::plain(sites.into_iter().flatten().collect(), tasks / WARM_SHARE, tasks, parts).await
    };
    let measured = measured.await;
    for run in runs {
        end(run, measured.is_err()).await;
    }
    measured
}

fn report([one, two]: &Pair, in_flight: u32, given: Given<'_>, pieces: &mut Pieces) {
    let rates = |done: &[Done]| done.iter().map(|done| Some(done.per_second)).collect::<Vec<_>>();
    let share = ratio(&rates(two), &rates(one));
    if in_flight == FULL {
        given.findings.see(Check::ScaleNodes, two_nodes(share));
    }
    if let Some(share) = share {
        pieces.figures.push((format!("two nodes do so much of what one does, {in_flight} in flight"), share.median));
    }
    let row = |name: &str, done: &[Done]| {
        let of = |value: &dyn Fn(&Done) -> f64| Spread::of(&done.iter().map(value).collect::<Vec<_>>());
        let middle = |value: &dyn Fn(&Done) -> f64| of(value).map_or("–".to_owned(), |spread| cell(spread.median));
        let cpu = |process: &str| middle(&|done: &Done| done.cpu.get(process).copied().unwrap_or(0.0));
        let rate = of(&|done| done.per_second);
        let whole = |value: f64| number(value.round());
        vec![
            name.to_owned(),
            rate.map_or("–".to_owned(), |rate| whole(rate.median)),
            rate.map_or("–".to_owned(), |rate| format!("{} – {}", whole(rate.low), whole(rate.high))),
            middle(&|done| done.p50_ms),
            middle(&|done| done.p99_ms),
            middle(&Done::cpu_all),
            cpu(SERVER),
            cpu(POSTGRES),
            cpu(REDIS),
            middle(&|done| done.client_cpu),
        ]
    };
    let columns = [
        "nodes",
        "tasks/s",
        "lowest – highest",
        "p50, ms",
        "p99, ms",
        "CPU s a 1,000 tasks",
        "server",
        "Postgres",
        "Redis",
        "(load client)",
    ];
    pieces.tables.push(Table {
        title: format!(
            "Nodes: {} tasks of {} steps, {in_flight} at a time, in turn; median of {}",
            tasks(given, in_flight),
            load::STEPS,
            given.sizes.rounds
        ),
        columns: columns.map(ToOwned::to_owned).to_vec(),
        rows: vec![row("one", one), row("two", two)],
    });
}
