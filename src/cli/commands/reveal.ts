import { runConnected } from "../command.ts";
import type { Globals } from "../connect.ts";
import { CliError, type Exit, exit } from "../exit.ts";
import { jsonText } from "../text.ts";

export interface RevealOptions extends Globals {
  readonly step?: string;
  readonly input?: boolean;
  readonly output?: boolean;
  readonly reason?: string;
}

/** `baton reveal`: prints one sensitive value in plain text; the access is in the audit log. */
export function revealValue(id: string, options: RevealOptions): Promise<Exit> {
  return runConnected(options, "act", async ({ io, connection }) => {
    const { step, input, output, reason } = options;
    const asked = [step !== undefined, input === true, output === true].filter(Boolean).length;
    if (asked !== 1) {
      throw new CliError(exit.usage, "usage", "reveal shows exactly one value", {
        hint: "use one of --step <step>, --input, --output",
      });
    }
    const { value } = await connection.client.post<{ value: unknown }>(`/api/runs/${encodeURIComponent(id)}/reveal`, {
      ...(step === undefined ? { field: input === true ? "input" : "output" } : { step }),
      ...(reason === undefined ? {} : { reason }),
    });
    if (io.format === "human") io.lines([jsonText(value, 2)]);
    else io.document(value);
    return exit.ok;
  });
}
