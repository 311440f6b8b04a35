import { useEffect, useState } from "react";
import { live } from "../api/live.ts";
import { plural } from "../components/text.ts";

/** Minimum time between two announcements. */
const intervalMs = 5_000;

/** Announces run changes to screen readers, as one summary per interval. */
export function RunAnnouncer() {
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
        ...(seen.burst === 0 ? [] : [`${plural(seen.burst, "more run")} changed`]),
      ];
      if (parts.length === 0) return;
      seen.failed.clear();
      seen.completed.clear();
      seen.burst = 0;
      setText(parts.join(", "));
    }, intervalMs);
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
