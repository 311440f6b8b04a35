#!/usr/bin/env node
// Any Node must be able to read this file, so that an old one gets a sentence and not a syntax error.
var needed = 26;
if (Number(process.versions.node.split(".")[0]) < needed) require("./newer-node.js")(needed);
else require("./start.js");
