//! Alerts that wait for a sink.

use super::*;

pub(super) fn alerts_wait_in_the_outbox_until_acknowledged(empty: Empty<'_>) {
    on(empty, |store| {
        let transaction = store.begin(0, settings(Learning::NONE, OutboxMax::NONE)).unwrap();
        let committed = transaction.commit(vec![alert("1"), alert("2")]).unwrap();
        let transaction = store.begin(0, settings(Learning::NONE, OutboxMax::NONE)).unwrap();
        let later = transaction.commit(vec![alert("3")]).unwrap();
        let all = [numbered(&committed), numbered(&later)].concat();
        assert_eq!(store.outbox(None, 9).unwrap(), all);
        assert_eq!(store.outbox(None, 2).unwrap(), all[..2]);
        assert_eq!(store.outbox(Some(all[0].0), 1).unwrap(), all[1..2]);
        assert_eq!(store.outbox(Some(all[2].0), 9).unwrap(), []);
        assert_eq!(all[1].1, alert("2"));

        store.acknowledge(&[all[0].0, 99]).unwrap();
        store.acknowledge(&[]).unwrap();
        assert_eq!(store.outbox(None, 9).unwrap(), all[1..]);
        assert_eq!(store.stats().unwrap().outbox.alerts, 2);
    });
}

pub(super) fn a_full_outbox_defers_terms_and_loses_what_has_none(empty: Empty<'_>) {
    on(empty, |store| {
        let max = OutboxMax { alerts: 2, bytes: u64::MAX };
        let of_a_query = |id: &str| StoredAlert { term: String::new(), ..alert(id) };
        let mut transaction = store.begin(0, settings(Learning::NONE, max)).unwrap();
        let savepoint = transaction.savepoint();
        assert_eq!(verdicts(&mut *transaction, AMPLE, &[("a", 0), ("b", 0), ("c", 0)]), "UUd");
        transaction.restore(savepoint);
        // What was undone takes no room, what is known needs none.
        assert_eq!(verdicts(&mut *transaction, AMPLE, &[("a", 0), ("b", 0), ("a", 1), ("c", 0)]), "UUsd");
        let committed = transaction.commit(vec![of_a_query("0"), alert("1"), of_a_query("2"), alert("3")]).unwrap();
        assert_eq!((committed.deferred, committed.deferred_by_outbox.clone()), (0, vec![(HISTORY.to_owned(), 1)]));
        let kept: Vec<_> = committed.alerts.iter().map(|(number, alert)| (number.is_some(), &*alert.id)).collect();
        assert_eq!(kept, [(false, "0"), (true, "1"), (false, "2"), (true, "3")]);
        assert_eq!(size(&*store), (2, 2));

        // Nothing that waits was dropped; with room again, the term is news.
        store.acknowledge(&[numbered(&committed)[0].0]).unwrap();
        let mut transaction = store.begin(1, settings(Learning::NONE, max)).unwrap();
        assert_eq!(verdicts(&mut *transaction, AMPLE, &[("c", 2), ("d", 2)]), "Ud");
        let committed = transaction.commit(vec![alert("4")]).unwrap();
        assert_eq!(numbered(&committed).len(), 1);
        let committed = store.begin(1, settings(Learning::NONE, max)).unwrap().commit(vec![of_a_query("5")]).unwrap();
        assert_eq!(numbered(&committed), []);
        let waiting: Vec<String> = store.outbox(None, 9).unwrap().into_iter().map(|(_, alert)| alert.id).collect();
        assert_eq!(waiting, ["3", "4"]);
    });
}

pub(super) fn an_outbox_is_full_by_bytes_too(empty: Empty<'_>) {
    on(empty, |store| {
        let waiting = |id: &str| StoredAlert { term: String::new(), document: "x".repeat(100), ..alert(id) };
        let max = OutboxMax { alerts: u64::MAX, bytes: 1000 };
        let commit = |alerts| store.begin(0, settings(Learning::NONE, max)).unwrap().commit(alerts).unwrap();
        let committed = commit((0..20).map(|number| waiting(&number.to_string())).collect());
        let kept = numbered(&committed).len();
        // A ledger may count some more than the documents.
        assert!((5..=10).contains(&kept), "{kept}");
        assert!(committed.alerts[..kept].iter().all(|(number, _)| number.is_some()));
        while !numbered(&commit(vec![waiting("more")])).is_empty() {}
        let bytes = store.stats().unwrap().outbox.bytes;
        assert!((500..=2000).contains(&bytes), "{bytes}");
        let max = OutboxMax { alerts: u64::MAX, bytes };
        let mut transaction = store.begin(0, settings(Learning::NONE, max)).unwrap();
        assert_eq!(verdicts(&mut *transaction, AMPLE, &[("a", 0)]), "d");
        drop(transaction);
        let numbers: Vec<u64> = store.outbox(None, 99).unwrap().into_iter().map(|(number, _)| number).collect();
        store.acknowledge(&numbers).unwrap();
        assert_eq!(store.stats().unwrap().outbox, OutboxSize::default());
    });
}
