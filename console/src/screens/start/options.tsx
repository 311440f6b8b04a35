import { Section } from "../../parts/page.tsx";
import { partStyles } from "../../parts/parts.tsx";
import styles from "./start.module.css";

/** What a start may be given besides its input; empty where it is not. */
export interface StartOptions {
  readonly key: string;
  readonly idempotencyKey: string;
  /** As the clocks of the zone that is shown have it. */
  readonly at: string;
}

/** The fields of the options, each with what it does. */
export function Options({
  options,
  zone,
  onChange,
}: {
  options: StartOptions;
  zone: string;
  onChange: (options: StartOptions) => void;
}) {
  return (
    <Section title="Options" isPadded={true}>
      <div className={styles.more}>
        <div className={partStyles.field}>
          <label htmlFor="start-key">Business key</label>
          <input
            id="start-key"
            className={partStyles.input}
            value={options.key}
            maxLength={512}
            placeholder="deal:8841"
            aria-describedby="about-key"
            onChange={(event) => onChange({ ...options, key: event.target.value })}
          />
          <span id="about-key" className={partStyles.muted}>
            By which people find it. Empty: the one that the workflow makes of its input.
          </span>
        </div>
        <div className={partStyles.field}>
          <label htmlFor="start-idempotency">Idempotency key</label>
          <input
            id="start-idempotency"
            className={partStyles.input}
            value={options.idempotencyKey}
            maxLength={512}
            aria-describedby="about-idempotency"
            onChange={(event) => onChange({ ...options, idempotencyKey: event.target.value })}
          />
          <span id="about-idempotency" className={partStyles.muted}>
            The same key with the same input leads to the run that it has started.
          </span>
        </div>
        <div className={partStyles.field}>
          <label htmlFor="start-at">Not before</label>
          <input
            id="start-at"
            className={partStyles.input}
            type="datetime-local"
            value={options.at}
            aria-describedby="about-at"
            onChange={(event) => onChange({ ...options, at: event.target.value })}
          />
          <span id="about-at" className={partStyles.muted}>
            In {zone}. Empty: at once.
          </span>
        </div>
      </div>
    </Section>
  );
}
