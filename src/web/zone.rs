//! Civil time: the zone of an entity, or of all a person sees where these share one; UTC otherwise. What is shown says which it is.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use quittance_agent::desk::list::{Query, shared_zone};
use quittance_rules::records::{Entity, EntityId};
use quittance_rules::users::Role;

use crate::error::WebError;
use crate::session::Session;
use crate::state::{Desk, Web};

/// The time zone a page speaks in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl Zone {
    /// By its IANA name; UTC for a name nobody knows.
    pub fn named(name: &str) -> Self {
        Self(TimeZone::get(name).unwrap_or(TimeZone::UTC))
    }

    /// The zone itself.
    pub fn inner(&self) -> &TimeZone {
        &self.0
    }

    /// The civil day of an instant.
    pub fn day(&self, at: Timestamp) -> Date {
        at.to_zoned(self.0.clone()).date()
    }

    /// An instant to the minute, with the zone's abbreviation or offset: `2026-11-22 19:17 CET`.
    pub fn instant(&self, at: Timestamp) -> String {
        at.to_zoned(self.0.clone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
    }

    /// The first instant of a day; `None` at the end of the calendar.
    pub fn start(&self, day: Date) -> Option<Timestamp> {
        day.to_zoned(self.0.clone()).ok().map(|zoned| zoned.timestamp())
    }
}

impl<S: Desk> Web<S> {
    /// The entities on whose books somebody may look.
    pub async fn seen_entities(&self, session: &Session) -> Result<Vec<Entity>, WebError> {
        let allowed = session.entities(Role::Viewer);
        let mut entities = self.store.entities().await?;
        entities.retain(|entity| allowed.as_ref().is_none_or(|allowed| allowed.contains(&entity.id)));
        Ok(entities)
    }

    /// The zone of a page that shows what is of several entities.
    pub async fn zone(&self, session: &Session) -> Result<Zone, WebError> {
        Ok(Zone::named(shared_zone(&self.seen_entities(session).await?)))
    }

    /// The zone of an entity; of what belongs to none, that of the desk.
    pub async fn zone_of(&self, session: &Session, entity: Option<&EntityId>) -> Result<Zone, WebError> {
        let entities = self.store.entities().await?;
        match entity.and_then(|id| entities.iter().find(|known| known.id == *id)) {
            Some(entity) => Ok(Zone::named(&entity.time_zone)),
            None => self.zone(session).await,
        }
    }

    /// Writes into a question which day it is, at the desk and at each entity where it is another.
    pub async fn set_days(&self, session: &Session, query: &mut Query) -> Result<(), WebError> {
        let entities = self.seen_entities(session).await?;
        let usual = Zone::named(shared_zone(&entities)).day(query.now);
        query.day = Some(usual);
        query.days = entities
            .into_iter()
            .map(|entity| (Zone::named(&entity.time_zone).day(query.now), entity.id))
            .filter(|(day, _)| *day != usual)
            .map(|(day, id)| (id, day))
            .collect();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_and_days_are_those_of_the_zone() {
        let at: Timestamp = "2026-11-22T23:17:15Z".parse().unwrap();
        for (zone, shown, day) in [
            ("UTC", "2026-11-22 23:17 UTC", "2026-11-22"),
            ("Europe/Berlin", "2026-11-23 00:17 CET", "2026-11-23"),
            ("America/Lima", "2026-11-22 18:17 -05", "2026-11-22"),
            ("Nowhere/At_All", "2026-11-22 23:17 UTC", "2026-11-22"),
        ] {
            let zone = Zone::named(zone);
            assert_eq!(zone.instant(at), shown);
            assert_eq!(zone.day(at).to_string(), day);
        }
        let berlin = Zone::named("Europe/Berlin");
        assert_eq!(berlin.start(Date::constant(2026, 7, 1)).unwrap().to_string(), "2026-06-30T22:00:00Z");
        assert_eq!(Zone::default().start(Date::MAX), "9999-12-31T00:00:00Z".parse().ok());
    }
}
