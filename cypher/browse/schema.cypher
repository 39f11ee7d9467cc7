// title: The schema as a drawing
// purpose: the labels and what connects them, as they are in this graph
// mode: read
// params: none
// shows: graph
// returns: nodes, relationships
CALL db.schema.visualization() YIELD nodes, relationships
RETURN nodes, relationships
