const widths = [21, 17, 9, 10, 8];
const heads = ["peer", "workload", "value", "unit", "cpu ms"];

/** The first lines: the machine, and what the columns mean. */
export function printHead(machine, servers) {
  const { processors, model, memoryGb, system, node, sqlite, load, fsyncMs } = machine;
  console.log(
    `${processors} × ${model}, ${memoryGb} GB, ${system}; Node ${node}, SQLite ${sqlite}, Postgres ${servers.postgres}, Redis ${servers.redis}`,
  );
  console.log(
    `Writing 4 KiB to disk for good takes ${fsyncMs} ms here. cpu ms: of Node and server for each step or run`,
  );
  if (load > processors / 2)
    console.log(`This machine is busy with other work (load ${load}): the figures are those of what was left of it.`);
  console.log("");
  console.log(line([...heads, "what"]));
}

/** The line above a peer's own: its version, and how durable it was. */
export function printPeer(name, version, durability) {
  console.log(`${name} ${version}: ${durability}`);
}

export function printRow(peer, row) {
  console.log(line([peer, row.workload, String(row.value), row.unit, String(row.cpuMsPerStep ?? ""), row.note]));
}

export function printMissing(peer, workload, reason) {
  console.log(line([peer, workload, "–", "", "", reason]));
}

function line(cells) {
  return cells.map((cell, i) => (i < widths.length ? cell.padEnd(widths[i]) : cell)).join(" ");
}
