import { PageHeader } from "../components/basics.tsx";
import { Page } from "../components/page.tsx";
import { Empty } from "../components/states.tsx";

/** The page for an unknown address. */
export function NotFound() {
  return (
    <Page>
      <PageHeader title="Page not found" />
      <Empty title="No page has this address">
        <p>Use the menu, or press Ctrl-K to search runs, keys, workflows and errors.</p>
      </Empty>
    </Page>
  );
}
