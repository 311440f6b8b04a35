import { baseStyles } from "../../components/basics.tsx";
import { Section } from "../../components/page.tsx";
import styles from "./start.module.css";

/** Optional settings of a start, in addition to its input; empty if not set. */
export interface StartOptions {
  readonly key: string;
  readonly idempotencyKey: string;
  /** Local date and time in the displayed time zone. */
  readonly at: string;
}

/** The form fields of the options. */
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
        <div className={baseStyles.field}>
          <label htmlFor="start-key">Business key</label>
          <input
            id="start-key"
            className={baseStyles.input}
            value={options.key}
            maxLength={512}
            placeholder="deal:8841"
            aria-describedby="about-key"
            onChange={(event) => onChange({ ...options, key: event.target.value })}
          />
          <span id="about-key" className={baseStyles.muted}>
            Used to find this run. Leave empty to derive it from the input.
          </span>
        </div>
        <div className={baseStyles.field}>
          <label htmlFor="start-idempotency">Idempotency key</label>
          <input
            id="start-idempotency"
            className={baseStyles.input}
            value={options.idempotencyKey}
            maxLength={512}
            aria-describedby="about-idempotency"
            onChange={(event) => onChange({ ...options, idempotencyKey: event.target.value })}
          />
          <span id="about-idempotency" className={baseStyles.muted}>
            Starting again with the same key and input returns the existing run.
          </span>
        </div>
        <div className={baseStyles.field}>
          <label htmlFor="start-at">Not before</label>
          <input
            id="start-at"
            className={baseStyles.input}
            type="datetime-local"
            value={options.at}
            aria-describedby="about-at"
            onChange={(event) => onChange({ ...options, at: event.target.value })}
          />
          <span id="about-at" className={baseStyles.muted}>
            In {zone}. Leave empty to start now.
          </span>
        </div>
      </div>
    </Section>
  );
}
