// Deliberately old syntax: see baton.js.
// biome-ignore lint/style/useNodejsImportProtocol: old Node versions do not support it
var fs = require("fs");
// biome-ignore lint/style/useNodejsImportProtocol: old Node versions do not support it
var path = require("path");
// biome-ignore lint/style/useNodejsImportProtocol: old Node versions do not support it
var childProcess = require("child_process");

/**
 * Runs Baton with a newer Node that is installed next to the package or in the current folder, or prints how to fix it.
 */
module.exports = function handOver(needed) {
  var node = find(needed);
  if (node === null) {
    console.error(
      `Baton needs Node ${needed}, and this is Node ${process.versions.node}. To fix it: npm i -D node@${needed}`,
    );
    process.exit(1);
  }
  var args = process.execArgv.concat([path.join(__dirname, "baton.js")], process.argv.slice(2));
  var child = childProcess.spawn(node, args, { stdio: "inherit" });
  // A terminal sends Ctrl-C to both processes, a supervisor signals only this one. This process exits with the child.
  ["SIGINT", "SIGTERM", "SIGHUP"].forEach((signal) => {
    process.on(signal, () => {
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  });
  child.on("exit", (code, signal) => {
    process.exit(signal === null ? code : 130);
  });
};

function find(needed) {
  var places = [
    path.join(__dirname, "..", "node_modules"),
    path.join(__dirname, "..", ".."),
    path.resolve("node_modules"),
  ];
  var nodes = places.map((place) =>
    path.join(place, "node", "bin", process.platform === "win32" ? "node.exe" : "node"),
  );
  return nodes.filter((node) => fs.existsSync(node) && versionOf(node) >= needed)[0] || null;
}

function versionOf(node) {
  var answer = childProcess.spawnSync(node, ["--version"], { encoding: "utf8" });
  return answer.status === 0 ? Number(answer.stdout.replace("v", "").split(".")[0]) : 0;
}
