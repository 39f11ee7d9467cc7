// written by cypher/generate.py from templates/recommend/reasons.template and cypher/templates/passages: edit those
// purpose: why parts for an owner, a sentence each as an email says it; no sentence twice
// mode: read
// params: $user_id string        who reads it, or null for any owner of the vehicle
//         $vehicle_id string     YEAR|MAKE|MODEL that the parts fit
//         $skus strings          the parts in the order of the email
//         $min_people integer  other people that a fact about people needs
// returns: sku, reason
WITH $user_id AS user_id, $vehicle_id AS vehicle_id, $skus AS skus
MATCH (v:Vehicle {vehicle_id: vehicle_id})-[:OF_MODEL]->(model)-[:MADE_BY]->(make)
MATCH (sync:Sync {id: 'graph'})
OPTIONAL MATCH (release:Release {slot: sync.live_slot})
OPTIONAL MATCH (u:User {user_id: user_id})
// names as people write them: Mustang and Bel Air, but GTO, BMW and F-150
CALL (v) {
  UNWIND [v.make, v.model] AS name
  RETURN collect(trim(reduce(text = '', word IN split(name, ' ') | text + ' ' +
    substring(reduce(joined = '', piece IN split(word, '-') | joined + '-' +
      CASE WHEN piece =~ 'DE|EL|LA|LE|[^0-9AEIOUY][AEIOUY]{2}|[^0-9AEIOUY][AEIOUY][^0-9AEIOUY]|[AEIOUY]{2}[^0-9AEIOUY]|[^0-9]{4,}'
        THEN left(piece, 1) + toLower(substring(piece, 1)) ELSE piece END), 1)))) AS names
}
WITH *, names[0] AS make_name, names[1] AS model_name
WITH *, make_name + ' ' + model_name AS whole_name,
     CASE WHEN model_name =~ '[0-9].*' THEN make_name + ' ' + model_name ELSE model_name END AS short_name
// all ids of one address are one person
CALL (u) {
  CALL (u) {
    RETURN u AS person
    UNION
    MATCH (person:User {email_hash: u.email_hash})
    RETURN person
  }
  RETURN collect(DISTINCT person) AS people
}
// what the reader did, newest first, with the month; a year is said when it is not clear
CALL (u, sync) {
  MATCH (u)-[did:VIEWED|CARTED|ORDERED]->(a)
  WITH a, type(did) AS how, did.last_at AS at,
       12 * (sync.as_of.year - did.last_at.year) + sync.as_of.month - did.last_at.month AS months
  RETURN collect({
    a: a, how: how, months: months, part_type: a.part_type,
    kind: reduce(text = '', word IN split(a.part_type, ' ') |
      text + ' ' + CASE WHEN word = toUpper(word) THEN word ELSE toLower(word) END),
    said: {VIEWED: 'looked at', CARTED: 'added to your cart', ORDERED: 'bought'}[how],
    since: ' in ' + ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October',
      'November', 'December'][at.month - 1] + CASE WHEN months > 10 THEN ' ' + at.year ELSE '' END
  }) AS trail
}
// what the reader did that speaks for a part, the strongest first
CALL (skus, trail, people, release) {
  UNWIND range(0, size(skus) - 1) AS place
  MATCH (p:Product {sku: skus[place]})
  WITH place, p,
    // what is a term of the score, while it is fresh enough to count
    CASE WHEN release.path_same_part > 0 THEN COLLECT {
      UNWIND trail AS t
      WITH t WHERE t.how <> 'ORDERED' AND t.months <= 3 AND t.a.base_sku = p.base_sku
      RETURN CASE t.how WHEN 'CARTED' THEN 'You added it to your cart' ELSE 'You looked at it' END + t.since
      ORDER BY t.how, t.months LIMIT 1
    } ELSE [] END AS same_part,
    CASE WHEN release.path_same_type > 0 AND p.part_type <> 'UNKNOWN' THEN COLLECT {
      UNWIND trail AS t
      WITH t WHERE t.how <> 'ORDERED' AND t.months <= 3 AND t.part_type = p.part_type
      RETURN 'Like the' + t.kind + ' you ' + t.said + t.since
      ORDER BY t.how, t.months LIMIT 1
    } ELSE [] END AS same_type,
    // what other people bought after something that the reader chose
    COLLECT {
      UNWIND trail AS t
      WITH t, t.a AS a WHERE t.part_type <> 'UNKNOWN' AND t.part_type <> p.part_type
      MATCH (a)-[c:CO_PURCHASED]->(p)
      WHERE c.weight > 0 AND c.count >= $min_people
        + CASE WHEN all(x IN [a, p] WHERE EXISTS { (me)-[:ORDERED]->(x) WHERE me IN people }) THEN 1 ELSE 0 END
      RETURN 'Goes with the' + t.kind + ' you ' + t.said + t.since
      ORDER BY c.weight DESC, c.count DESC, {ORDERED: 0, CARTED: 1, VIEWED: 2}[t.how], a.sku LIMIT 1
    } AS led
  ORDER BY place
  RETURN collect({p: p, own: same_part + same_type + led}) AS parts
}
WITH *, reduce(said = [], part IN parts | said + coalesce(head([s IN part.own WHERE NOT s IN said]), '')) AS own
WITH *, [place IN range(0, size(parts) - 1) WHERE own[place] = ''] AS open
// the first of the other parts that enough other people bought who own the model, and the first for the make. A list is
// walked in its order, so nobody is counted for the parts after it; and from buyers to what they own, or all owners
// of the make would be walked
CALL (open, parts, people, model) {
  UNWIND open AS place
  WITH place, parts[place].p AS p
  CALL (p, people, model) {
    MATCH (p)<-[:ORDERED]-(buyer)
    WHERE NOT buyer IN people
    CALL (buyer) {
      RETURN buyer AS id
      UNION
      MATCH (id:User {email_hash: buyer.email_hash})
      RETURN id
    }
    MATCH (id)-[:OWNS]->()-[:OF_MODEL]->(owned)
    WHERE owned = model
    WITH DISTINCT coalesce(buyer.email_hash, buyer.user_id) AS person LIMIT $min_people
    RETURN count(person) AS others
  }
  WITH place WHERE others >= $min_people LIMIT 1
  RETURN coalesce(max(place), -1) AS of_model
}
CALL (open, parts, people, make, of_model, short_name, make_name) {
  UNWIND open AS place
  WITH place, parts[place].p AS p WHERE place <> of_model AND (of_model = -1 OR short_name <> make_name)
  CALL (p, people, make) {
    MATCH (p)<-[:ORDERED]-(buyer)
    WHERE NOT buyer IN people
    CALL (buyer) {
      RETURN buyer AS id
      UNION
      MATCH (id:User {email_hash: buyer.email_hash})
      RETURN id
    }
    MATCH (id)-[:OWNS]->()-[:OF_MODEL]->()-[:MADE_BY]->(owned)
    WHERE owned = make
    WITH DISTINCT coalesce(buyer.email_hash, buyer.user_id) AS person LIMIT $min_people
    RETURN count(person) AS others
  }
  WITH place WHERE others >= $min_people LIMIT 1
  RETURN coalesce(max(place), -1) AS of_make
}
// of the rest, each has another sentence as long as there are any
WITH *, [place IN open WHERE NOT place IN [of_model, of_make]] AS rest,
     ['Fits your ' + v.year + ' ' + whole_name, 'Picked for your ' + short_name, 'A match for your ' + v.year + ' ' + make_name,
      'Right for your ' + whole_name] AS fits
UNWIND range(0, size(parts) - 1) AS place
WITH *, parts[place].p.sku AS sku,
     CASE WHEN own[place] <> '' THEN own[place]
          WHEN place = of_model THEN 'Popular with ' + short_name + ' owners'
          WHEN place = of_make THEN 'Popular with ' + make_name + ' owners'
          ELSE fits[size([other IN rest WHERE other < place])] END AS reason
RETURN sku, reason
ORDER BY place
