import { PageHeader } from "../components/basics.tsx";
import { Problem } from "../components/states.tsx";

/** Shown in place of a page that failed to render; the menu and the search still work. */
export function RenderError({ error, reset }: { error: unknown; reset: () => void }) {
  return (
    <>
      <PageHeader title="This page failed to render" />
      <Problem error={error} onRetry={reset} />
    </>
  );
}
