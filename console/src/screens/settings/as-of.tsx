import { pageStyles } from "../../parts/page.tsx";
import { Button, partStyles } from "../../parts/parts.tsx";
import { Moment } from "../../shell/clock.tsx";

/** When this was read, and another reading: nothing tells the console of changes here. */
export function AsOf({ at, onAsk }: { at: number; onAsk: () => void }) {
  return (
    <p className={pageStyles.line}>
      <span className={partStyles.muted}>
        As of <Moment at={new Date(at).toISOString()} isTimeOnly={true} />
      </span>
      <Button onClick={onAsk}>Read again</Button>
    </p>
  );
}
