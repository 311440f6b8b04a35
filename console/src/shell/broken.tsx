import { Head } from "../parts/parts.tsx";
import { Problem } from "../parts/states.tsx";

/** A page that could not be drawn: the menu and the search still stand around it. */
export function Broken({ error, reset }: { error: unknown; reset: () => void }) {
  return (
    <>
      <Head title="This page could not be drawn" />
      <Problem error={error} onRetry={reset} />
    </>
  );
}
