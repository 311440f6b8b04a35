const widths = [21, 17, 9, 10, 8];
const headings = ["peer", "workload", "value", "unit", "cpu ms"];

/** The first lines: the machine, and what the columns mean. */
export function printHead(machine, servers) {
  const { processors, model, memoryGb, system, node, sqlite, load, fsyncMs } = machine;
  console.log(
    `${processors} × ${model}, ${memoryGb} GB, ${system}; Node ${node}, SQLite ${sqlite}, Postgres ${servers.postgres}, Redis ${servers.redis}`,
  );
  console.log(
    `A durable write of 4 KiB takes ${fsyncMs} ms here. cpu ms: CPU time of Node and the server per step or run.`,
  );
  if (load > processors / 2)
    console.log(`This machine is busy with other work (load ${load}): figures are worse than on an idle machine.`);
  console.log("");
  console.log(line([...headings, "description"]));
}

/** The line above a peer's rows: its version and its durability settings. */
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
