import { Button, baseStyles } from "../../components/basics.tsx";
import { pageStyles } from "../../components/page.tsx";
import { Timestamp } from "../../shell/clock.tsx";

/** The age of the data and a refresh button, for pages without live updates. */
export function AsOf({ at, onAsk }: { at: number; onAsk: () => void }) {
  return (
    <p className={pageStyles.line}>
      <span className={baseStyles.muted}>
        As of <Timestamp at={new Date(at).toISOString()} isTimeOnly={true} />
      </span>
      <Button onClick={onAsk}>Refresh</Button>
    </p>
  );
}
