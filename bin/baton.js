#!/usr/bin/env node
// Every Node version must be able to parse this file, so that an old one prints a message and not a syntax error.
var needed = 26;
if (Number(process.versions.node.split(".")[0]) < needed) require("./newer-node.js")(needed);
else require("./start.js");
