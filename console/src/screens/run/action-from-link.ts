import type { RunDetail } from "@wire/run.ts";
import { useEffect } from "react";
import type { RunAction } from "../../actions/run-action.ts";

/**
 * Opens the dialog for an action that a link requests in the address, such as the shortcuts of the run list. The
 * parameter is then removed from the address. Waits until the server has reported that it is not read-only.
 */
export function useActionFromLink(
  run: RunDetail,
  verb: string | undefined,
  isReadOnly: boolean,
  onAction: (action: RunAction) => void,
  forget: () => void,
): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each address
  useEffect(() => {
    if (verb === undefined || isReadOnly) return;
    const action =
      verb === "go-on"
        ? run.verbs.find((each) => each === "resume" || each === "retry")
        : run.verbs.find((each) => each === verb);
    if (action !== undefined) onAction({ verb: action });
    forget();
  }, [verb, isReadOnly]);
}
