import { Empty } from "../parts/states.tsx";

/** An address that leads nowhere. */
export function Gone() {
  return (
    <Empty title="There is no such page">
      <p>The menu lists what there is; Ctrl-K finds runs, keys, workflows and errors.</p>
    </Empty>
  );
}
