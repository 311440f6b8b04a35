import { useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { isTruncated, type Truncated } from "@wire/payload.ts";
import { useMemo, useRef, useState } from "react";
import { BigNumber, parseLossless } from "../api/client.ts";
import { copy } from "../shell/announce.tsx";
import { Button, baseStyles } from "./basics.tsx";
import { type JsonLine, jsonLines } from "./json-lines.ts";
import styles from "./payload.module.css";
import { Problem, Skeleton } from "./states.tsx";
import { escapeControls, plural } from "./text.ts";

/** Larger values start collapsed from the third level on. */
const openMax = 64 * 1024;
/** Of larger values, only the beginning is shown, as text. */
const parseMax = 1024 * 1024;
const headBytes = 64 * 1024;

/** Shows any JSON value as text, never as markup. Large values are shown in part, so that the page stays responsive. */
export function PayloadView({ value, label }: { value: unknown; label: string }) {
  if (isTruncated(value))
    return value.bytes > parseMax ? (
      <PayloadHead payload={value} label={label} />
    ) : (
      <WholePayload payload={value} label={label} />
    );
  return <JsonView value={value} bytes={null} label={label} />;
}

function WholePayload({ payload, label }: { payload: Truncated; label: string }) {
  const whole = useQuery({
    queryKey: ["payload", payload.href],
    queryFn: async ({ signal }) => parseLossless(await (await fetch(payload.href, { signal })).text()),
  });
  if (whole.data === undefined) return whole.error === null ? <Skeleton rows={4} /> : <Problem error={whole.error} />;
  return <JsonView value={whole.data} bytes={payload.bytes} label={label} href={payload.href} />;
}

/** The beginning of a very large value as raw text, with a download link. */
function PayloadHead({ payload, label }: { payload: Truncated; label: string }) {
  const head = useQuery({
    queryKey: ["payload-head", payload.href],
    queryFn: ({ signal }) => readHead(payload.href, signal),
  });
  return (
    <div className={styles.payload}>
      <p className={styles.bar}>
        {(payload.bytes / 1024 / 1024).toFixed(1)} MiB: too large to display. First {headBytes / 1024} KiB:
        <Download href={payload.href} label={label} />
      </p>
      {head.data === undefined ? (
        head.error === null ? (
          <Skeleton rows={4} />
        ) : (
          <Problem error={head.error} />
        )
      ) : (
        <TextLines text={head.data} label={label} />
      )}
    </div>
  );
}

async function readHead(href: string, signal: AbortSignal): Promise<string> {
  const { body } = await fetch(href, { signal });
  const reader = body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (reader !== undefined && text.length < headBytes) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  void reader?.cancel();
  return text.slice(0, headBytes);
}

const lineChars = 160;

/** Text split into lines; only the visible ones are rendered. */
function TextLines({ text, label }: { text: string; label: string }) {
  const lines = useMemo(() => escapeControls(text).match(new RegExp(`[^\\n]{1,${lineChars}}|\\n`, "g")) ?? [], [text]);
  return <Lines count={lines.length} label={label} line={(i) => <span>{lines[i]}</span>} />;
}

function Download({ href, label }: { href: string; label: string }) {
  return (
    <a className={baseStyles.button} href={href} download={`${label.replaceAll(/\W+/g, "-")}.json`}>
      Download
    </a>
  );
}

function JsonView({
  value,
  bytes,
  label,
  href,
}: {
  value: unknown;
  bytes: number | null;
  label: string;
  href?: string;
}) {
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const [whole, setWhole] = useState<ReadonlySet<string>>(new Set());
  const [search, setSearch] = useState("");
  const [isWrapped, setWrapped] = useState(false);
  const depth = bytes !== null && bytes > openMax ? 2 : 12;
  const lines = useMemo(() => jsonLines(value, { toggled, depth, whole }, isRaw), [value, toggled, depth, whole]);
  const query = search.toLowerCase();
  const shown =
    query === "" ? lines : lines.filter((line) => `${line.name ?? ""}${line.text}`.toLowerCase().includes(query));
  const open = (line: JsonLine): void => {
    const flip = (set: ReadonlySet<string>): ReadonlySet<string> =>
      new Set(set.has(line.path) ? [...set].filter((each) => each !== line.path) : [...set, line.path]);
    if (line.kind === "more") setWhole(flip(whole));
    else setToggled(flip(toggled));
  };
  if (value === null || value === undefined) return <p className={styles.nothing}>No value</p>;
  return (
    <div className={styles.payload}>
      <div className={styles.bar}>
        <span>{plural(lines.length, "line")}</span>
        {lines.length > 20 ? (
          <input
            type="search"
            aria-label={`Search in ${label}`}
            placeholder="Search"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
          />
        ) : null}
        <label>
          <input type="checkbox" checked={isWrapped} onChange={(event) => setWrapped(event.target.checked)} /> Wrap
        </label>
        <Button variant="quiet" onClick={() => void copy(JSON.stringify(value, null, 2), label)}>
          Copy
        </Button>
        {href === undefined ? null : <Download href={href} label={label} />}
      </div>
      <Lines
        count={shown.length}
        label={label}
        isWrapped={isWrapped}
        line={(i) => <Line line={shown[i]} onOpen={open} />}
      />
    </div>
  );
}

function Line({ line, onOpen }: { line: JsonLine | undefined; onOpen: (line: JsonLine) => void }) {
  if (line === undefined) return null;
  const isButton = line.kind === "open" || line.kind === "closed" || line.kind === "more";
  const text = (
    <>
      {line.name === null ? null : <span className={styles.name}>{escapeControls(line.name)}</span>}
      <span className={styles[line.kind]}>{line.text}</span>
    </>
  );
  return (
    <span className={styles.line} style={{ paddingLeft: line.depth * 14 + 4 }} title={line.path}>
      {isButton ? (
        <button type="button" aria-expanded={line.kind === "open"} onClick={() => onOpen(line)}>
          <span aria-hidden="true">{line.kind === "open" ? "▾" : "▸"}</span> {text}
        </button>
      ) : (
        text
      )}
    </span>
  );
}

function isRaw(item: unknown): item is BigNumber {
  return item instanceof BigNumber;
}

const linePx = 19;
const shownLines = 22;

function Lines({
  count,
  line,
  label,
  isWrapped = false,
}: {
  count: number;
  line: (index: number) => React.ReactNode;
  label: string;
  isWrapped?: boolean;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => linePx,
    overscan: 12,
  });
  return (
    <section
      ref={scroller}
      className={styles.lines}
      data-wrap={isWrapped}
      tabIndex={0}
      aria-label={label}
      style={{ height: Math.min(count, shownLines) * linePx + 14 }}
    >
      <div style={{ height: virtual.getTotalSize(), position: "relative", minWidth: "max-content" }}>
        {virtual.getVirtualItems().map((item) => (
          <div
            key={item.key}
            data-index={item.index}
            ref={isWrapped ? virtual.measureElement : undefined}
            className={styles.place}
            style={{ transform: `translateY(${item.start}px)` }}
          >
            {line(item.index)}
          </div>
        ))}
      </div>
    </section>
  );
}
