import type { RunDetail } from "@wire/run.ts";
import { useEffect } from "react";
import type { VerbAsked } from "../../acts/asked.ts";

/**
 * A list that was asked for a verb leads here with it: the sheet opens once, and the address forgets it. It waits until
 * the server has said that it takes acts.
 */
export function useAskedByLink(
  run: RunDetail,
  verb: string | undefined,
  isReadOnly: boolean,
  act: (asked: VerbAsked) => void,
  forget: () => void,
): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each address
  useEffect(() => {
    if (verb === undefined || isReadOnly) return;
    const wanted =
      verb === "go-on"
        ? run.verbs.find((each) => each === "resume" || each === "retry")
        : run.verbs.find((each) => each === verb);
    if (wanted !== undefined) act({ verb: wanted });
    forget();
  }, [verb, isReadOnly]);
}
