// purpose: Version of Graph Data Science; fails where it is not installed.
// mode: read
// params: none
// returns: version string
RETURN gds.version() AS version;
