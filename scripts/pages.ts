import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { moves, runStatuses } from "../src/kernel/model/status.ts";
import { explanations } from "./error-explanations.ts";

/** Pages that are generated from the code, so that they cannot drift from it. */
export function generatedPages(root: string): readonly { path: string; text: string }[] {
  return [
    { path: "docs/look-up/states.md", text: statesPage() },
    { path: "docs/look-up/errors.md", text: errorsPage(root) },
  ];
}

function statesPage(): string {
  const arrows = runStatuses.flatMap((from) => moves[from].map((to) => `  ${from} --> ${to}`));
  return `# The statuses of a run

Generated from the table of legal transitions in \`src/kernel/model/status.ts\`. \`cancelled\` is final. A run leaves \`failed\` only through a recovery action, and \`completed\` only when a parent that is compensated undoes it.

\`\`\`mermaid
stateDiagram-v2
  [*] --> pending
${arrows.join("\n")}
\`\`\`
`;
}

/** Every error code in the sources with its explanation; throws if one has none. */
function errorsPage(root: string): string {
  const codes = new Set<string>();
  const pattern = /new (?:BatonError|StoreError|ProblemError)\(\s*(?:`|")([a-z-]+)(?:"|`)/g;
  for (const file of readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })) {
    if (
      !file.endsWith(".ts") ||
      file.endsWith(".test.ts") ||
      file.startsWith("simulation") ||
      file.includes("conformance")
    )
      continue;
    for (const match of readFileSync(join(root, "src", file), "utf8").matchAll(pattern)) codes.add(match[1] ?? "");
  }
  for (const code of Object.keys(explanations)) codes.add(code);
  codes.delete("");
  const rows = [...codes]
    .filter((code) => !code.endsWith("-"))
    .sort()
    .map((code) => {
      const known = explanations[code];
      if (known === undefined)
        throw new Error(`the error code ${code} has no explanation in scripts/error-explanations.ts`);
      return `| \`${code}\` | ${known} |`;
    });
  return `# Errors

Every error has a stable code. It is the same in the \`code\` of an exception, in the API's problem documents and in the command line's \`--json\` output. Generated from the sources.

| code | meaning and what to do |
|---|---|
${rows.join("\n")}
`;
}
