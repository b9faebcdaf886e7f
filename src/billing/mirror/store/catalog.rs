//! Statements that mirror products and prices, and bring plans up to what prices say.

use serde_json::{Value, json};

use super::{Delivery, entitlement_of, grace, take_over};
use crate::app::Op;
use crate::billing::mirror::catalog::{Price, Product};
use crate::billing::mirror::snapshot::Step;
use crate::db::{Param, Statement};
use crate::error::Result;
use crate::{sql, statement};

const PRODUCT_UPSERT: &str = sql!("../sql/product_upsert.sql");
const PRODUCT_UNSETTLED: &str = sql!("../sql/product_unsettled.sql");
const PRICE_UPSERT: &str = sql!("../sql/price_upsert.sql");
const PRICE_UNSETTLED: &str = sql!("../sql/price_unsettled.sql");
const PRICES_UPSERT: &str = sql!("../sql/prices_upsert.sql");
const ENTITLEMENT_OF_PRICE: &str = sql!("../sql/due_of_price.sql", "../sql/entitlement.sql");
const ENTITLEMENT_OF_PRICES: &str = sql!("../sql/due_of_prices.sql", "../sql/entitlement.sql");

/// Adds the statements; gives the place of the one that says whether Stripe has to be asked.
pub(super) fn mirror_product(
    delivery: &Delivery<'_>,
    product: &Product,
    statements: &mut Vec<Statement>,
) -> usize {
    let columns = vec![
        product.name.as_deref().into(),
        product.description.as_deref().into(),
        product.is_active.into(),
    ];
    let sql = [PRODUCT_UPSERT, PRODUCT_UNSETTLED];
    mirror(sql, delivery, &product.id, product.step, columns, statements)
}

/// The same of a price; the plans of who has it follow.
pub(super) fn mirror_price(
    delivery: &Delivery<'_>,
    price: &Price,
    statements: &mut Vec<Statement>,
) -> usize {
    let columns = vec![
        price.plan.into(),
        price.product_id.as_deref().into(),
        price.nickname.as_deref().into(),
        price.currency.as_deref().into(),
        price.unit_amount_cents.into(),
        price.interval.as_deref().into(),
        price.interval_count.into(),
        price.is_active.into(),
    ];
    let sql = [PRICE_UPSERT, PRICE_UNSETTLED];
    let unsettled_at = mirror(sql, delivery, &price.id, price.step, columns, statements);
    statements.push(entitlement_of(ENTITLEMENT_OF_PRICE, delivery));
    unsettled_at
}

fn mirror(
    [upsert, unsettled]: [&'static str; 2],
    delivery: &Delivery<'_>,
    id: &str,
    step: Step,
    columns: Vec<Param>,
    statements: &mut Vec<Statement>,
) -> usize {
    let rank = i64::from(step == Step::Deleted);
    let (upsert, version) = take_over(upsert, delivery, id, rank, Vec::new(), columns, "");
    statements.push(upsert);
    statements.push(Statement { sql: unsettled, params: version });
    statements.len() - 1
}

/// Takes over prices as Stripe listed them, and brings the plans of who has them up to that. Events that were created
/// `since` then, in seconds since the epoch, are newer.
pub(in crate::billing::mirror) async fn prices_upsert(
    op: &Op,
    prices: &[Price],
    since: i64,
) -> Result<()> {
    let column = |price: &Price| {
        json!({"stripe_price_id": price.id, "plan": price.plan, "stripe_product_id": price.product_id,
            "nickname": price.nickname, "currency": price.currency, "unit_amount_cents": price.unit_amount_cents,
            "billing_interval": price.interval, "interval_count": price.interval_count, "is_active": price.is_active})
    };
    let prices: Vec<Value> = prices.iter().map(column).collect();
    let (prices, now) = (json!(prices).to_string(), op.now());
    let entitlement = statement!(ENTITLEMENT_OF_PRICES, &*prices, "", now, &*grace(op));
    op.write(vec![statement!(PRICES_UPSERT, prices, now, since), entitlement]).await.map(drop)
}
