//! What kind of server answers: one Redis, or a cluster whose slots are spread over several.

use redis::aio::MultiplexedConnection;
use redis::{RedisError, Value};
use std::ops::RangeInclusive;

/// Slots of a cluster.
pub(super) const SLOTS: u16 = 16_384;
/// The first release with sharded publish/subscribe.
const SHARDED_SINCE: u32 = 7;

/// What the server says about itself. Some services hide a part of it: then it is taken for a plain Redis.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) version: String,
    pub(super) cluster: bool,
}

impl Server {
    pub(super) async fn ask(connection: &mut MultiplexedConnection) -> Result<Self, RedisError> {
        match redis::cmd("INFO").arg("server").query_async::<String>(connection).await {
            Ok(info) => Ok(Self::read(&info)),
            Err(error) if error.code().is_some() => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    fn read(info: &str) -> Self {
        let field = |name: &str| {
            let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.map(|value| value.trim().to_owned())
        };
        let valkey = field("valkey_version").map(|version| format!("Valkey {version}"));
        let redis = field("redis_version").map(|version| format!("Redis {version}"));
        Self {
            version: valkey.or(redis).unwrap_or_default(),
            cluster: field("redis_mode").or_else(|| field("server_mode")).as_deref() == Some("cluster"),
        }
    }

    /// Whether it is a cluster that knows sharded channels.
    pub(super) fn sharded(&self) -> bool {
        let number = self.version.split_whitespace().nth(1).and_then(|version| version.split('.').next());
        self.cluster && number.and_then(|major| major.parse().ok()).is_some_and(|major: u32| major >= SHARDED_SINCE)
    }
}

/// A node of a cluster that holds slots. An empty host means: the one that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shard {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) slots: Vec<RangeInclusive<u16>>,
}

/// Asks which nodes hold the slots. All slots must be held: a channel without a place would be silent.
pub(super) async fn shards(connection: &mut MultiplexedConnection) -> Result<Vec<Shard>, String> {
    let answer: Value = redis::cmd("CLUSTER")
        .arg("SLOTS")
        .query_async(connection)
        .await
        .map_err(|error| super::link::reason(&error))?;
    let shards = read_shards(&answer).ok_or("the cluster's slots cannot be read")?;
    let held: usize = shards.iter().flat_map(|shard| &shard.slots).map(|range| range.len()).sum();
    if held < usize::from(SLOTS) {
        return Err(format!("only {held} of the cluster's {SLOTS} slots are assigned"));
    }
    Ok(shards)
}

fn read_shards(answer: &Value) -> Option<Vec<Shard>> {
    let number = |value: &Value| match value {
        Value::Int(number) => u16::try_from(*number).ok(),
        _ => None,
    };
    let Value::Array(ranges) = answer else { return None };
    let mut shards: Vec<Shard> = Vec::new();
    for range in ranges {
        let Value::Array(range) = range else { return None };
        let [first, last, Value::Array(master), ..] = range.as_slice() else { return None };
        let slots = number(first)?..=number(last)?;
        let [host, port, ..] = master.as_slice() else { return None };
        let host = match host {
            Value::BulkString(host) => String::from_utf8(host.clone()).ok()?,
            Value::SimpleString(host) => host.clone(),
            _ => String::new(),
        };
        // `?`: the node does not know its own address; the one that was asked is meant.
        let (host, port) = (if host == "?" { String::new() } else { host }, number(port)?);
        match shards.iter_mut().find(|shard| shard.host == host && shard.port == port) {
            Some(shard) => shard.slots.push(slots),
            None => shards.push(Shard { host, port, slots: vec![slots] }),
        }
    }
    Some(shards)
}

/// The slot of a channel: CRC16 (XMODEM) of its hash tag, else of the whole name.
pub(super) fn slot(channel: &str) -> u16 {
    let tag = channel.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map(|(tag, _)| tag);
    let hashed = tag.filter(|tag| !tag.is_empty()).unwrap_or(channel);
    let crc = hashed.bytes().fold(0_u16, |crc, byte| {
        (0..8)
            .fold(crc ^ (u16::from(byte) << 8), |crc, _| if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 })
    });
    crc % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_redis() {
        // `CLUSTER KEYSLOT` of a real server.
        assert_eq!(slot("123456789"), 0x31c3);
        assert_eq!(slot("foo"), 12_182);
        assert_eq!(slot("{user1000}.following"), slot("user1000"));
        assert_eq!(slot("foo{}{bar}"), 8_363);
    }

    #[test]
    fn servers_are_told_apart() {
        let redis = Server::read("# Server\r\nredis_version:6.2.14\r\nredis_mode:cluster\r\n");
        assert_eq!((redis.version.as_str(), redis.sharded()), ("Redis 6.2.14", false));
        let redis = Server::read("redis_version:7.0.15\r\nredis_mode:standalone\r\n");
        assert!(!redis.sharded());
        let valkey = Server::read(
            "redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1\r\nserver_mode:cluster\r\n",
        );
        assert_eq!((valkey.version.as_str(), valkey.sharded()), ("Valkey 8.0.1", true));
        assert_eq!(Server::read("nothing"), Server::default());
    }

    #[test]
    fn the_slots_of_a_cluster_are_read_by_node() {
        let node = |port| Value::Array(vec![Value::BulkString(b"10.0.0.1".to_vec()), Value::Int(port)]);
        let range = |first, last, port| Value::Array(vec![Value::Int(first), Value::Int(last), node(port)]);
        let answer = Value::Array(vec![range(0, 99, 1), range(100, 16_383, 2), range(200, 200, 1)]);
        let shards = read_shards(&answer).unwrap();
        assert_eq!(shards.len(), 2);
        assert_eq!(shards[0], Shard { host: "10.0.0.1".into(), port: 1, slots: vec![0..=99, 200..=200] });
        assert_eq!(read_shards(&Value::Array(vec![Value::Nil])), None);
    }
}
