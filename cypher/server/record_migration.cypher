// purpose: remember that a migration was applied
// mode: write
// params: $version integer   its number
//         $name string       its name
//         $checksum string   SHA-256 of its file
// returns: none
MERGE (m:Migration {version: $version})
SET m.name = $name, m.checksum = $checksum, m.applied_at = datetime()
