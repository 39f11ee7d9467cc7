// What the recommendation queries look up beside keys: the other ids of a person, the colours of a part,
// the vehicles of a make and model.
CREATE INDEX user_email_hash IF NOT EXISTS FOR (n:User) ON (n.email_hash);
CREATE INDEX product_base_sku IF NOT EXISTS FOR (n:Product) ON (n.base_sku);
CREATE INDEX vehicle_make_model_year IF NOT EXISTS FOR (n:Vehicle) ON (n.make, n.model, n.year);
