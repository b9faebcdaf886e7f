//! `expand[]`: ids in an answer are replaced by their objects.

use serde_json::Value;

use crate::store::Store;

/// Expands each path; those that name no id change nothing.
pub(crate) fn expand(store: &Store, object: &mut Value, paths: &[String]) {
    for path in paths {
        let names: Vec<&str> = path.split('.').collect();
        expand_path(store, object, &names);
    }
}

fn expand_path(store: &Store, object: &mut Value, names: &[&str]) {
    if let Value::Array(items) = object {
        for item in items {
            expand_path(store, item, names);
        }
        return;
    }
    let Some((name, rest)) = names.split_first() else { return };
    let Some(members) = object.as_object_mut() else { return };
    // What is shown only when it is asked for is kept under a hidden name.
    if let Some(hidden) = members.get(&format!("_{name}")).cloned() {
        members.entry(*name).or_insert(hidden);
    }
    let Some(member) = members.get_mut(*name) else { return };
    if let Some(found) = member.as_str().and_then(|id| store.get(id)) {
        *member = found.clone();
    }
    expand_path(store, member, rest);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::object::Read as _;

    #[test]
    fn ids_become_objects_along_lists() {
        let mut store = Store::default();
        store.insert(json!({"object": "product", "id": "prod_1", "name": "Bot"}));
        let mut object = json!({"data": [{"price": {"product": "prod_1"}}], "name": "prod_1x"});
        expand(
            &store,
            &mut object,
            &["data.price.product".to_owned(), "name".to_owned(), "no.such".to_owned()],
        );
        assert_eq!(object.word("data.0.price.product.name"), "Bot");
        assert_eq!(object.word("name"), "prod_1x");
    }
}
