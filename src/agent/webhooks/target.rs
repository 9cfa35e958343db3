//! Which addresses may be called. Whoever may set one up must not reach through this program what only it can reach: the machine
//! itself, the network it stands in, the metadata service of its cloud (server-side request forgery).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use url::{Host, Url};

/// A range of addresses: `10.0.0.0/8`, `fd00::/8`, `192.0.2.7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// A text that is no range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no address and no range such as 10.0.0.0/8 or fd00::/8")]
pub struct BadNetwork(String);

impl FromStr for Network {
    type Err = BadNetwork;

    fn from_str(text: &str) -> Result<Self, BadNetwork> {
        let bad = || BadNetwork(text.chars().take(60).collect());
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.trim().parse().map_err(|_| bad())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |bits| bits.trim().parse().map_err(|_| bad()))?;
        if bits <= most { Ok(Self { address, bits }) } else { Err(bad()) }
    }
}

impl Network {
    /// Whether an address lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            _ => false,
        }
    }
}

/// What the settings allow beyond the public internet over TLS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Targets {
    /// Ranges that may be called although they are not public.
    pub networks: Vec<Network>,
    /// Whether `http://` may be called: messages are signed but can then be read on the way.
    pub allow_http: bool,
}

/// Why an address may not be called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTarget {
    /// No URL, or not of the web.
    #[error("write an address such as https://example.com/hooks")]
    NoAddress,
    /// Longer than any.
    #[error("the address has more than 2,000 characters")]
    TooLong,
    /// A name and password in it would be shown and logged.
    #[error("the address holds a name or password; messages are signed instead")]
    Credentials,
    /// Without TLS.
    #[error("the address begins with http://; use https://, or let the settings allow it (webhooks.allow_http)")]
    Plain,
    /// Of this machine or of a network that is not public.
    #[error(
        "the address is of this machine or of a network that is not public; the settings can allow it (webhooks.allow_networks)"
    )]
    NotPublic,
}

impl Targets {
    /// Reads an address and refuses what can be refused without asking the name service; [`Targets::allows`] is for what that says.
    ///
    /// # Errors
    /// Why it may not be called.
    pub fn check(&self, text: &str) -> Result<Url, BadTarget> {
        let text = text.trim();
        if text.len() > 2_000 {
            return Err(BadTarget::TooLong);
        }
        let mut url = Url::parse(text).map_err(|_| BadTarget::NoAddress)?;
        match url.scheme() {
            "https" => {}
            "http" if self.allow_http => {}
            "http" => return Err(BadTarget::Plain),
            _ => return Err(BadTarget::NoAddress),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BadTarget::Credentials);
        }
        url.set_fragment(None);
        let allowed = match url.host().ok_or(BadTarget::NoAddress)? {
            Host::Ipv4(address) => self.allows(IpAddr::V4(address)),
            Host::Ipv6(address) => self.allows(IpAddr::V6(address)),
            // Names that always mean this machine or its own network; of others only the name service knows.
            Host::Domain(name) => {
                let name = name.trim_end_matches('.').to_ascii_lowercase();
                !self.networks.is_empty()
                    || !(name == "localhost" || [".localhost", ".local", ".internal"].iter().any(|end| name.ends_with(end)))
            }
        };
        if allowed { Ok(url) } else { Err(BadTarget::NotPublic) }
    }

    /// Whether an address of the network may be called.
    pub fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public(address) || self.networks.iter().any(|network| network.contains(address))
    }
}

/// Whether an address is one of the public internet. Source of the ranges: IANA, IPv4 and IPv6 Special-Purpose Address Registries
/// (RFC 6890 and its successors).
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, d] = address.octets();
    !(a == 0
        || [a, b, c, d] == [168, 63, 129, 16] // Azure's own services, seen from inside only
        || a == 10
        || a == 127
        || (a == 100 && (64..128).contains(&b)) // shared by carriers
        || (a == 169 && b == 254) // link-local, metadata services
        || (a == 172 && (16..32).contains(&b))
        || (a == 192 && b == 168)
        || (a == 192 && b == 0 && (c == 0 || c == 2)) // protocol assignments, documentation
        || (a == 192 && b == 88 && c == 99) // old relay of 6to4
        || (a == 198 && (18..20).contains(&b)) // benchmarks
        || (a == 198 && b == 51 && c == 100)
        || (a == 203 && b == 0 && c == 113)
        || a >= 224) // multicast, reserved, broadcast
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let part = address.segments();
    let inner = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match part {
        // An IPv4 address inside: translated (NAT64) or tunnelled (6to4).
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => is_public_v4(inner(high, low)),
        [0x2002, high, low, ..] => is_public_v4(inner(high, low)),
        // Documentation, Teredo and other protocol assignments.
        [0x2001, 0xdb8, ..] | [0x3fff, ..] => false,
        [0x2001, second, ..] => second >= 0x200,
        // Global unicast is 2000::/3; everything else is local, multicast or nobody's.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_public() {
        for (address, wanted) in [
            ("8.8.8.8", true),
            ("93.184.216.34", true),
            ("127.0.0.1", false),
            ("127.255.255.254", false),
            ("0.0.0.0", false),
            ("10.1.2.3", false),
            ("172.15.0.1", true),
            ("172.16.0.1", false),
            ("172.31.255.255", false),
            ("172.32.0.1", true),
            ("192.168.1.1", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("100.128.0.1", true),
            ("198.18.0.1", false),
            ("203.0.113.9", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("::1", false),
            ("::", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:8.8.8.8", true),
            ("::7f00:1", false),
            ("fe80::1", false),
            ("fd00::1", false),
            ("ff02::1", false),
            ("64:ff9b::7f00:1", false),
            ("64:ff9b::808:808", true),
            ("2002:7f00:1::", false),
            ("2002:a00:1::", false),
            ("2001:db8::1", false),
            ("2001::1", false),
            ("2606:4700::1111", true),
            ("2a00:1450:4001::200e", true),
        ] {
            let parsed: IpAddr = address.parse().expect("an address");
            assert_eq!(is_public(parsed), wanted, "{address}");
        }
    }

    #[test]
    fn addresses_are_refused_for_a_reason() {
        let strict = Targets::default();
        for (text, wanted) in [
            ("https://example.com/hooks?a=b#part", Ok("https://example.com/hooks?a=b")),
            ("  https://example.com  ", Ok("https://example.com/")),
            ("https://8.8.8.8/", Ok("https://8.8.8.8/")),
            ("http://example.com/", Err(BadTarget::Plain)),
            ("ftp://example.com/", Err(BadTarget::NoAddress)),
            ("javascript:alert(1)", Err(BadTarget::NoAddress)),
            ("example.com", Err(BadTarget::NoAddress)),
            ("", Err(BadTarget::NoAddress)),
            ("https://user:word@example.com/", Err(BadTarget::Credentials)),
            ("https://localhost/", Err(BadTarget::NotPublic)),
            ("https://LOCALHOST./", Err(BadTarget::NotPublic)),
            ("https://a.localhost/", Err(BadTarget::NotPublic)),
            ("https://metadata.google.internal/", Err(BadTarget::NotPublic)),
            ("https://127.0.0.1/", Err(BadTarget::NotPublic)),
            // Other spellings of 127.0.0.1 and of the metadata service.
            ("https://2130706433/", Err(BadTarget::NotPublic)),
            ("https://0x7f.1/", Err(BadTarget::NotPublic)),
            ("https://0177.0.0.1/", Err(BadTarget::NotPublic)),
            ("https://127.1/", Err(BadTarget::NotPublic)),
            ("https://①②⑦.0.0.1/", Err(BadTarget::NotPublic)),
            ("https://[::ffff:a9fe:a9fe]/", Err(BadTarget::NotPublic)),
            ("https://[::1]:8443/", Err(BadTarget::NotPublic)),
        ] {
            assert_eq!(strict.check(text).as_ref().map(Url::as_str), wanted.as_ref().map(|text| *text), "{text}");
        }
        let open = Targets { networks: vec!["10.0.0.0/8".parse().expect("a range")], allow_http: true };
        assert!(open.check("http://10.2.3.4:8080/x").is_ok() && open.check("http://n8n.internal/").is_ok());
        assert_eq!(open.check("http://192.168.0.1/"), Err(BadTarget::NotPublic));
        assert!(!open.allows("169.254.169.254".parse().expect("an address")));
    }

    #[test]
    fn ranges() {
        for (range, address, wanted) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("0.0.0.0/0", "1.2.3.4", true),
            ("fd00::/8", "fd12::1", true),
            ("fd00::/8", "fe80::1", false),
            ("::/0", "::1", true),
            ("::/0", "1.2.3.4", false),
        ] {
            let parsed: Network = range.parse().expect("a range");
            assert_eq!(parsed.contains(address.parse().expect("an address")), wanted, "{range} {address}");
        }
        for text in ["", "10.0.0.0/33", "10.0.0.0/-1", "host", "fd00::/129", "10.0.0/8"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
