import { useId, useState } from "react";
import { partStyles } from "../parts/parts.tsx";
import { fromWallClock, toWallClock } from "../parts/time.ts";
import { useZone } from "../shell/clock.tsx";
import { type FieldProps, Frame, Labelled, type Of } from "./field.tsx";
import styles from "./form.module.css";
import { isSame } from "./value.ts";

const inputTypes = { date: "date", "date-time": "datetime-local", email: "email", uri: "url" } as const;

/** Text, a date, a moment in the zone that is shown, an address. */
export function TextField({ value, onChange, ...rest }: FieldProps<Of<"text">>) {
  const { field } = rest;
  const zone = useZone();
  const text = typeof value === "string" ? value : "";
  const set = (next: string): void => onChange(next === "" ? undefined : next);
  if (field.isLong)
    return (
      <Labelled {...rest}>
        {(named) => (
          <textarea
            {...named}
            className={partStyles.input}
            rows={4}
            value={text}
            readOnly={field.isReadOnly}
            onChange={(event) => set(event.target.value)}
          />
        )}
      </Labelled>
    );
  const isMoment = field.format === "date-time";
  const isRead = text === "" || !Number.isNaN(Date.parse(text));
  return (
    <Labelled {...rest} note={isMoment ? `In ${zone}` : null}>
      {(named) => (
        <input
          {...named}
          className={partStyles.input}
          // What is no moment yet is shown as it is, not as an empty field.
          type={field.format === null || (isMoment && !isRead) ? "text" : inputTypes[field.format]}
          value={isMoment && isRead && text !== "" ? toWallClock(text, zone) : text}
          readOnly={field.isReadOnly}
          maxLength={field.max ?? undefined}
          onChange={(event) =>
            set(isMoment ? (fromWallClock(event.target.value, zone) ?? event.target.value) : event.target.value)
          }
        />
      )}
    </Labelled>
  );
}

/** A number; what is none yet stays as it was typed. */
export function NumberField({ value, onChange, ...rest }: FieldProps<Of<"number">>) {
  const { field } = rest;
  // As it is being typed: "1." is no number yet, and must not turn into 1.
  const [typed, setTyped] = useState<string | null>(null);
  const text = value === undefined || value === null ? "" : String(value);
  const shown =
    typed !== null && (typed.trim() === "" ? value === undefined : isSame(toNumber(typed), value)) ? typed : text;
  const limits = [
    field.min === null ? null : `at least ${field.min}`,
    field.max === null ? null : `at most ${field.max}`,
  ].filter((each) => each !== null);
  return (
    <Labelled {...rest} note={limits.length === 0 ? null : limits.join(", ")}>
      {(named) => (
        <input
          {...named}
          className={partStyles.input}
          type="text"
          inputMode={field.isWhole ? "numeric" : "decimal"}
          value={shown}
          readOnly={field.isReadOnly}
          onChange={({ target }) => {
            setTyped(target.value);
            onChange(target.value.trim() === "" ? undefined : toNumber(target.value));
          }}
        />
      )}
    </Labelled>
  );
}

/** What is no number stays a text, and the check says so. */
function toNumber(text: string): number | string {
  const number = Number(text.trim());
  return Number.isNaN(number) ? text : number;
}

/** One of some values. */
export function Choice({ value, onChange, ...rest }: FieldProps<Of<"choice">>) {
  const { field, isRequired } = rest;
  const at = field.options.findIndex((option) => isSame(option.value, value));
  return (
    <Labelled {...rest}>
      {(named) => (
        <select
          {...named}
          className={partStyles.input}
          value={String(at)}
          disabled={field.isReadOnly}
          onChange={(event) => onChange(field.options[Number(event.target.value)]?.value)}
        >
          {at >= 0 && isRequired ? null : <option value="-1">{isRequired ? "Choose…" : "None"}</option>}
          {field.options.map((option, i) => (
            <option key={option.label} value={String(i)}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Labelled>
  );
}

/** A box to tick. */
export function Yes({ field, value, onChange, path, label, form }: FieldProps<Of<"boolean">>) {
  const problem = form.problems.get(path);
  const about = useId();
  return (
    <div className={partStyles.field}>
      <label className={styles.yes}>
        <input
          id={`${form.id}${path}`}
          type="checkbox"
          checked={value === true}
          disabled={field.isReadOnly}
          aria-invalid={problem !== undefined}
          aria-describedby={field.help === null && problem === undefined ? undefined : about}
          onChange={(event) => onChange(event.target.checked)}
        />
        {label}
      </label>
      <div id={about}>
        {problem === undefined ? null : (
          <p className={partStyles.wrong}>
            {label} {problem}
          </p>
        )}
        {field.help === null ? null : <p className={styles.help}>{field.help}</p>}
      </div>
    </div>
  );
}

/** Some of some values. */
export function Choices(props: FieldProps<Of<"choices">>) {
  const { field, value, onChange, isRequired } = props;
  const chosen: readonly unknown[] = Array.isArray(value) ? value : [];
  const flip = (option: unknown, isOn: boolean): void => {
    const next = field.options
      .map((each) => each.value)
      .filter((each) => (isSame(each, option) ? isOn : chosen.some((old) => isSame(old, each))));
    onChange(next.length === 0 && !isRequired ? undefined : next);
  };
  return (
    <Frame {...props}>
      <div className={styles.choices}>
        {field.options.map((option) => (
          <label key={option.label} className={styles.yes}>
            <input
              type="checkbox"
              checked={chosen.some((each) => isSame(each, option.value))}
              disabled={field.isReadOnly}
              onChange={(event) => flip(option.value, event.target.checked)}
            />
            {option.label}
          </label>
        ))}
      </div>
    </Frame>
  );
}

/** What has no field of its own. The value follows as soon as the text is JSON. */
export function JsonField({ value, onChange, ...rest }: FieldProps) {
  const [text, setText] = useState(() => (value === undefined ? "" : JSON.stringify(value, null, 2)));
  const [problem, setProblem] = useState<string | null>(null);
  return (
    <Labelled {...rest} note={problem === null ? "JSON" : `This is no JSON yet: ${problem}`}>
      {(named) => (
        <textarea
          {...named}
          className={partStyles.code}
          rows={4}
          value={text}
          spellCheck={false}
          onChange={(event) => {
            setText(event.target.value);
            try {
              onChange(event.target.value.trim() === "" ? undefined : (JSON.parse(event.target.value) as unknown));
              setProblem(null);
            } catch (error) {
              setProblem(error instanceof Error ? error.message : String(error));
            }
          }}
        />
      )}
    </Labelled>
  );
}
