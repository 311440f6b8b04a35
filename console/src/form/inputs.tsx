import { useId, useState } from "react";
import { baseStyles } from "../components/basics.tsx";
import { fromWallClock, toWallClock } from "../components/time.ts";
import { useZone } from "../shell/clock.tsx";
import { FieldGroup, type FieldProps, LabelledField, type Of } from "./field.tsx";
import styles from "./form.module.css";
import { isSame } from "./value.ts";

const inputTypes = { date: "date", "date-time": "datetime-local", email: "email", uri: "url" } as const;

/** Text, a date, a date and time in the displayed time zone, an email address or a URL. */
export function TextField({ value, onChange, ...rest }: FieldProps<Of<"text">>) {
  const { field } = rest;
  const zone = useZone();
  const text = typeof value === "string" ? value : "";
  const set = (next: string): void => onChange(next === "" ? undefined : next);
  if (field.isLong)
    return (
      <LabelledField {...rest}>
        {(named) => (
          <textarea
            {...named}
            className={baseStyles.input}
            rows={4}
            value={text}
            readOnly={field.isReadOnly}
            onChange={(event) => set(event.target.value)}
          />
        )}
      </LabelledField>
    );
  const isTimestamp = field.format === "date-time";
  const isRead = text === "" || !Number.isNaN(Date.parse(text));
  return (
    <LabelledField {...rest} note={isTimestamp ? `Time zone: ${zone}` : null}>
      {(named) => (
        <input
          {...named}
          className={baseStyles.input}
          // Text that is not a valid date and time yet is shown as typed, not as an empty field.
          type={field.format === null || (isTimestamp && !isRead) ? "text" : inputTypes[field.format]}
          value={isTimestamp && isRead && text !== "" ? toWallClock(text, zone) : text}
          readOnly={field.isReadOnly}
          maxLength={field.max ?? undefined}
          onChange={(event) =>
            set(isTimestamp ? (fromWallClock(event.target.value, zone) ?? event.target.value) : event.target.value)
          }
        />
      )}
    </LabelledField>
  );
}

/** A number; text that is not a number yet is kept as typed. */
export function NumberField({ value, onChange, ...rest }: FieldProps<Of<"number">>) {
  const { field } = rest;
  // The text as typed: "1." is not complete yet and must not become 1.
  const [typed, setTyped] = useState<string | null>(null);
  const text = value === undefined || value === null ? "" : String(value);
  const shown =
    typed !== null && (typed.trim() === "" ? value === undefined : isSame(toNumber(typed), value)) ? typed : text;
  const limits = [
    field.min === null ? null : `minimum ${field.min}`,
    field.max === null ? null : `maximum ${field.max}`,
  ].filter((each) => each !== null);
  return (
    <LabelledField {...rest} note={limits.length === 0 ? null : limits.join(", ")}>
      {(named) => (
        <input
          {...named}
          className={baseStyles.input}
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
    </LabelledField>
  );
}

/** Text that is not a number is returned unchanged, so that validation reports it. */
function toNumber(text: string): number | string {
  const number = Number(text.trim());
  return Number.isNaN(number) ? text : number;
}

/** A select field for one of several values. */
export function SelectField({ value, onChange, ...rest }: FieldProps<Of<"choice">>) {
  const { field, isRequired } = rest;
  const at = field.options.findIndex((option) => isSame(option.value, value));
  return (
    <LabelledField {...rest}>
      {(named) => (
        <select
          {...named}
          className={baseStyles.input}
          value={String(at)}
          disabled={field.isReadOnly}
          onChange={(event) => onChange(field.options[Number(event.target.value)]?.value)}
        >
          {at >= 0 && isRequired ? null : <option value="-1">{isRequired ? "Select…" : "None"}</option>}
          {field.options.map((option, i) => (
            <option key={option.label} value={String(i)}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </LabelledField>
  );
}

/** A checkbox. */
export function CheckboxField({ field, value, onChange, path, label, form }: FieldProps<Of<"boolean">>) {
  const problem = form.problems.get(path);
  const about = useId();
  return (
    <div className={baseStyles.field}>
      <label className={styles.checkbox}>
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
          <p className={baseStyles.wrong}>
            {label} {problem}
          </p>
        )}
        {field.help === null ? null : <p className={styles.help}>{field.help}</p>}
      </div>
    </div>
  );
}

/** A group of checkboxes for several of several values. */
export function CheckboxGroup(props: FieldProps<Of<"choices">>) {
  const { field, value, onChange, isRequired } = props;
  const selected: readonly unknown[] = Array.isArray(value) ? value : [];
  const flip = (option: unknown, isOn: boolean): void => {
    const next = field.options
      .map((each) => each.value)
      .filter((each) => (isSame(each, option) ? isOn : selected.some((old) => isSame(old, each))));
    onChange(next.length === 0 && !isRequired ? undefined : next);
  };
  return (
    <FieldGroup {...props}>
      <div className={styles.choices}>
        {field.options.map((option) => (
          <label key={option.label} className={styles.checkbox}>
            <input
              type="checkbox"
              checked={selected.some((each) => isSame(each, option.value))}
              disabled={field.isReadOnly}
              onChange={(event) => flip(option.value, event.target.checked)}
            />
            {option.label}
          </label>
        ))}
      </div>
    </FieldGroup>
  );
}

/** A JSON text field, for values without a specific field. The value updates when the text is valid JSON. */
export function JsonField({ value, onChange, ...rest }: FieldProps) {
  const [text, setText] = useState(() => (value === undefined ? "" : JSON.stringify(value, null, 2)));
  const [problem, setProblem] = useState<string | null>(null);
  return (
    <LabelledField {...rest} note={problem === null ? "JSON" : `Invalid JSON: ${problem}`}>
      {(named) => (
        <textarea
          {...named}
          className={baseStyles.code}
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
    </LabelledField>
  );
}
