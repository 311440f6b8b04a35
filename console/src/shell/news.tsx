import { useEffect, useState } from "react";
import { live } from "../api/live.ts";
import { count, plural } from "../parts/words.ts";

/** So often at most a screen reader is told, in one sentence for all that has happened. */
const gatherMs = 5_000;

/** What happens meanwhile, for whoever does not see the rows change: one polite sentence at a time, never one a row. */
export function News() {
  const [text, setText] = useState("");
  useEffect(() => {
    const seen = { failed: new Set<string>(), completed: new Set<string>(), burst: 0 };
    const stop = live.listen({
      changed: ({ id, status }) => {
        if (status === "failed" || status === "completed") seen[status].add(id);
      },
      burst: (n) => {
        seen.burst += n;
      },
      reset: () => {},
    });
    const timer = setInterval(() => {
      const parts = [
        ...(seen.failed.size === 0 ? [] : [`${plural(seen.failed.size, "run")} failed`]),
        ...(seen.completed.size === 0 ? [] : [`${plural(seen.completed.size, "run")} completed`]),
        ...(seen.burst === 0 ? [] : [`${count(seen.burst)} more changed`]),
      ];
      if (parts.length === 0) return;
      seen.failed.clear();
      seen.completed.clear();
      seen.burst = 0;
      setText(parts.join(", "));
    }, gatherMs);
    return () => {
      stop();
      clearInterval(timer);
    };
  }, []);
  return (
    <output className="visually-hidden" aria-live="polite">
      {text}
    </output>
  );
}
