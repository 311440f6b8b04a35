import { Page } from "../parts/page.tsx";
import { Head } from "../parts/parts.tsx";
import { Empty } from "../parts/states.tsx";

/** An address that leads nowhere. */
export function Gone() {
  return (
    <Page>
      <Head title="There is no such page" />
      <Empty title="The menu lists what there is">
        <p>Ctrl-K finds runs, keys, workflows and errors.</p>
      </Empty>
    </Page>
  );
}
