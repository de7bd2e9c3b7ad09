//! Properties are found by their names, and no others.

use super::Properties;
use crate::engine::schema::SchemaId;
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_name_finds_its_property(
        names in prop::collection::btree_set("[ab]{0,9}|[a-z]{1,4}", 0..40),
        sought in prop::collection::vec("[ab]{0,9}|[a-z]{1,4}", 1..20),
        guess in 0..40_usize,
    ) {
        let named: Vec<(Box<str>, SchemaId)> =
            names.iter().zip(0..).map(|(name, id)| (name.as_str().into(), SchemaId(id))).collect();
        let properties = Properties::new(named.clone(), &[]);
        for name in names.iter().chain(&sought) {
            let found = properties.find(name, guess).map(|(_, property)| (property.name.clone(), property.schema));
            let expected = named.iter().find(|(known, _)| **known == **name).map(|(known, id)| (known.clone(), Some(*id)));
            prop_assert_eq!(found, expected, "{}", name);
        }
    }
}
