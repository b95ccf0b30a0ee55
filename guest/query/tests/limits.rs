//! What a query may find is bounded.

use firstseen_query::{Clause, Condition, Error, ErrorKind, FieldType, Layout, Mapping, Name, Program, Slot, Span};

struct OneSlot;

impl Layout for OneSlot {
    fn values(&mut self, _: &str) -> Slot {
        Slot(0)
    }

    fn leaves(&mut self, _: &str) -> Slot {
        Slot(0)
    }

    fn objects(&mut self, _: &str) -> (Slot, &mut dyn Layout) {
        (Slot(0), self)
    }
}

/// One of these words in the fields of one of these names.
fn words(names: &[Name], words: usize) -> Clause {
    let word = |number| Condition::Equals { value: format!("w{number}"), phrase: false };
    let of_name = |name: &Name| {
        let name = name.clone();
        (0..words).map(move |number| Clause::Field {
            name: name.clone(),
            condition: word(number),
            span: Span::default(),
        })
    };
    Clause::Or(names.iter().flat_map(of_name).collect())
}

/// The pattern of so many stars.
fn stars(count: usize) -> Name {
    Name::Pattern(vec![String::new(); count + 1].into())
}

#[test]
fn fields_of_patterns_are_bounded() {
    let mut mapping = Mapping::default();
    mapping.extend((0..3000).map(|number| (format!("field{number}"), FieldType::KEYWORD, None)));
    let compile =
        |clause: &Clause| -> Result<(), Error> { Program::compile(clause, &mapping, &mut OneSlot).map(|_| ()) };
    // The same fields again cost nothing.
    assert_eq!(compile(&words(&[Name::Any], 6000)), Ok(()));
    assert_eq!(compile(&words(&[Name::Pattern(["f".to_owned(), String::new()].into())], 6000)), Ok(()));
    let patterns = |count: usize| words(&(1..=count).map(|number| stars(number + 1)).collect::<Vec<_>>(), 1);
    assert_eq!(compile(&patterns(33)), Ok(()));
    assert_eq!(compile(&patterns(34)).unwrap_err().kind, ErrorKind::TooManyFields);
}
