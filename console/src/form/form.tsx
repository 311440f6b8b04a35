import { type ReactNode, useId, useState } from "react";
import { Button, partStyles } from "../parts/parts.tsx";
import type { FieldProblem } from "./check.ts";
import { type FieldProps, Frame, type Of } from "./field.tsx";
import styles from "./form.module.css";
import { Choice, Choices, JsonField, NumberField, TextField, Yes } from "./inputs.tsx";
import { type Field, nameWords } from "./model.ts";
import { branchOf, isRecord, startValue, toBranch, withMember } from "./value.ts";

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
