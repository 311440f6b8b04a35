import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { Button, partStyles } from "../parts/parts.tsx";
import { fromWallClock, toWallClock } from "../parts/time.ts";
import { useZone } from "../shell/clock.tsx";
import { type FieldProblem, pathWords } from "./check.ts";
import styles from "./form.module.css";
import { type Field, nameWords } from "./model.ts";
import { branchOf, isRecord, isSame, startValue, toBranch, withMember } from "./value.ts";

interface FieldProps<Of extends Field = Field> {
  readonly field: Of;
  readonly value: unknown;
  /** Undefined: left out. */
  readonly onChange: (value: unknown) => void;
  readonly path: string;
  readonly label: string;
  readonly isRequired: boolean;
  readonly form: FormState;
}

interface FormState {
  /** In front of the ids of all its fields. */
  readonly id: string;
  readonly problems: ReadonlyMap<string, string>;
}

type Of<Kind extends Field["kind"]> = Extract<Field, { kind: Kind }>;

/** The fields of a value, by its schema. What is wrong stands beside the field that it is about. */
export function SchemaForm({
  field,
  value,
  onChange,
  problems,
  id,
}: {
  field: Field;
  value: unknown;
  onChange: (value: unknown) => void;
  problems: readonly FieldProblem[];
  id: string;
}) {
  const form = { id, problems: new Map(problems.map(({ path, message }) => [path, message])) };
  const own = form.problems.get("");
  return (
    <div className={styles.form}>
      {field.kind === "object" ? (
        <>
          {own === undefined ? null : <p className={partStyles.wrong}>The input {own}</p>}
          <Members field={field} value={value} onChange={onChange} path="" form={form} />
        </>
      ) : (
        <AnyField
          field={field}
          value={value}
          onChange={onChange}
          path=""
          label={field.title ?? "Input"}
          isRequired={!field.isNullable}
          form={form}
        />
      )}
    </div>
  );
}

/** All that is wrong, in words, each leading to its field. It takes the focus when it appears. */
export function ProblemSummary({ problems, id }: { problems: readonly FieldProblem[]; id: string }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.focus(), []);
  return (
    <div ref={box} className={styles.summary} tabIndex={-1} role="alert">
      <strong>
        {problems.length === 1 ? "One thing is not right yet" : `${problems.length} things are not right yet`}
      </strong>
      <ul>
        {problems.map(({ path, message }) => (
          <li key={path}>
            <button type="button" className={styles.toField} onClick={() => toField(id, path)}>
              {pathWords(path)} {message}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The field of a path, or the nearest part around it that is there. */
function toField(id: string, path: string): void {
  for (let at = path; ; at = at.slice(0, at.lastIndexOf("/"))) {
    const found = document.getElementById(`${id}${at}`);
    if (found !== null) return found.focus();
    if (at === "") return;
  }
}

function Members({
  field,
  value,
  onChange,
  path,
  form,
}: Pick<FieldProps<Of<"object">>, "field" | "value" | "onChange" | "path" | "form">) {
  const record = isRecord(value) ? value : {};
  return field.members.map(({ name, field: member, isRequired }) => (
    <AnyField
      key={name}
      field={member}
      value={record[name]}
      onChange={(next) => onChange(withMember(field, value, name, next))}
      path={`${path}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`}
      label={member.title ?? nameWords(name)}
      isRequired={isRequired}
      form={form}
    />
  ));
}

function AnyField(props: FieldProps): ReactNode {
  const { field } = props;
  switch (field.kind) {
    case "const":
      return null;
    case "object":
      return <Group {...props} field={field} />;
    case "variant":
      return <Variant {...props} field={field} />;
    case "list":
      return <List {...props} field={field} />;
    case "choices":
      return <Choices {...props} field={field} />;
    case "boolean":
      return <Yes {...props} field={field} />;
    case "choice":
      return <Choice {...props} field={field} />;
    case "number":
      return <NumberField {...props} field={field} />;
    case "text":
      return <TextField {...props} field={field} />;
    case "json":
      return <JsonField {...props} />;
  }
}

/** Label, help, the field itself and what is wrong with it. */
function Labelled({
  field,
  path,
  label,
  isRequired,
  form,
  note,
  children,
}: Omit<FieldProps, "value" | "onChange"> & {
  note?: ReactNode;
  children: (rest: {
    id: string;
    "aria-invalid": boolean;
    "aria-describedby": string | undefined;
    "aria-required": boolean;
  }) => ReactNode;
}) {
  const id = `${form.id}${path}`;
  const problem = form.problems.get(path);
  const about = useId();
  const help = [field.help, note].filter((each) => each !== null && each !== undefined && each !== "");
  const isDescribed = help.length > 0 || problem !== undefined;
  return (
    <div className={partStyles.field}>
      <label htmlFor={id}>
        {label} {isRequired ? null : <span className={styles.optional}>optional</span>}
      </label>
      {children({
        id,
        "aria-invalid": problem !== undefined,
        "aria-describedby": isDescribed ? about : undefined,
        "aria-required": isRequired,
      })}
      {isDescribed ? (
        <div id={about}>
          {problem === undefined ? null : (
            <p className={partStyles.wrong}>
              {label} {problem}
            </p>
          )}
          {help.map((each, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: at most two, in a fixed order
            <p key={i} className={styles.help}>
              {each}
            </p>
          ))}
        </div>
      ) : null}
    </div>
  );
}

const inputTypes = { date: "date", "date-time": "datetime-local", email: "email", uri: "url" } as const;

function TextField({ value, onChange, ...rest }: FieldProps<Of<"text">>) {
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

function NumberField({ value, onChange, ...rest }: FieldProps<Of<"number">>) {
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

function Choice({ value, onChange, ...rest }: FieldProps<Of<"choice">>) {
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

function Yes({ field, value, onChange, path, label, form }: FieldProps<Of<"boolean">>) {
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

/** A frame around fields that belong together. */
function Frame({
  field,
  path,
  label,
  isRequired,
  form,
  acts,
  children,
}: Omit<FieldProps, "value" | "onChange"> & { acts?: ReactNode; children: ReactNode }) {
  const problem = form.problems.get(path);
  return (
    <fieldset id={`${form.id}${path}`} className={styles.frame} tabIndex={-1}>
      <legend>
        {label} {isRequired ? null : <span className={styles.optional}>optional</span>}
      </legend>
      {acts}
      {field.help === null ? null : <p className={styles.help}>{field.help}</p>}
      {problem === undefined ? null : (
        <p className={partStyles.wrong}>
          {label} {problem}
        </p>
      )}
      {children}
    </fieldset>
  );
}

function Group(props: FieldProps<Of<"object">>) {
  const { field, value, onChange, isRequired, label } = props;
  if (!isRequired && value === undefined)
    return (
      <Frame {...props}>
        <Button onClick={() => onChange(startValue({ ...field, isNullable: false }) ?? {})}>Add {label}</Button>
      </Frame>
    );
  return (
    <Frame {...props}>
      <Members {...props} />
      {isRequired ? null : <Button onClick={() => onChange(undefined)}>Leave out {label}</Button>}
    </Frame>
  );
}

function Variant(props: FieldProps<Of<"variant">>) {
  const { field, value, onChange, path, label, isRequired, form } = props;
  const [chosen, setChosen] = useState<number | null>(null);
  const found = branchOf(field, value);
  const at = found >= 0 ? found : value === undefined ? (chosen ?? -1) : -1;
  const branch = field.branches[at]?.field;
  const id = useId();
  return (
    <Frame {...props}>
      <div className={partStyles.field}>
        <label htmlFor={id}>Which</label>
        <select
          id={id}
          className={partStyles.input}
          value={String(at)}
          onChange={(event) => {
            const next = Number(event.target.value);
            setChosen(next);
            onChange(next < 0 ? undefined : toBranch(field, value, next));
          }}
        >
          {at >= 0 && isRequired ? null : <option value="-1">{isRequired ? "Choose…" : "None"}</option>}
          {field.branches.map((each, i) => (
            <option key={each.label} value={String(i)}>
              {each.label}
            </option>
          ))}
        </select>
      </div>
      {branch === undefined ? null : branch.kind === "object" ? (
        <Members field={branch} value={value} onChange={onChange} path={path} form={form} />
      ) : (
        <AnyField {...props} field={branch} label={field.branches[at]?.label ?? label} isRequired={true} />
      )}
    </Frame>
  );
}

function List(props: FieldProps<Of<"list">>) {
  const { field, value, onChange, path, form } = props;
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  const isFull = field.most !== null && items.length >= field.most;
  const set = (next: readonly unknown[]): void => onChange(next.length === 0 && !props.isRequired ? undefined : next);
  return (
    <Frame {...props}>
      {items.length === 0 ? <p className={styles.help}>None yet</p> : null}
      <ol className={styles.items} hidden={items.length === 0}>
        {items.map((item, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: items have no name but their place
          <li key={i}>
            <div className={styles.item}>
              {field.item.kind === "object" ? (
                <Members
                  field={field.item}
                  value={item}
                  onChange={(next) => set(items.with(i, next))}
                  path={`${path}/${i}`}
                  form={form}
                />
              ) : (
                <AnyField
                  field={field.item}
                  value={item}
                  onChange={(next) => set(items.with(i, next ?? null))}
                  path={`${path}/${i}`}
                  label={`${props.label} ${i + 1}`}
                  isRequired={true}
                  form={form}
                />
              )}
            </div>
            <Button
              look="quiet"
              aria-label={`Remove ${props.label} ${i + 1}`}
              onClick={() => set(items.toSpliced(i, 1))}
            >
              ✕
            </Button>
          </li>
        ))}
      </ol>
      <div>
        <Button disabled={isFull} onClick={() => set([...items, startValue(field.item) ?? blankItem(field.item)])}>
          Add to {props.label}
        </Button>
      </div>
    </Frame>
  );
}

function blankItem(item: Field): unknown {
  return item.kind === "object" ? {} : item.kind === "text" ? "" : null;
}

function Choices(props: FieldProps<Of<"choices">>) {
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
function JsonField({ value, onChange, ...rest }: FieldProps) {
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
