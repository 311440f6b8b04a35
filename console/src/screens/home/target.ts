import { linkOptions } from "@tanstack/react-router";
import type { Target } from "@wire/home.ts";
import { formatFilter } from "../../components/filter.ts";

/** The link for the target of a verdict. */
export function linkTo(target: Target) {
  switch (target.to) {
    case "runs": {
      const { to: _to, ...fields } = target;
      return linkOptions({ to: "/runs", search: { q: formatFilter({ fields, words: "" }) } });
    }
    case "run":
      return linkOptions({ to: "/runs/$id", params: { id: target.id } });
    case "error":
      return linkOptions({ to: "/errors/$fingerprint", params: { fingerprint: target.fingerprint } });
    case "workers":
    case "store":
      return linkOptions({ to: "/settings/$part", params: { part: target.to } });
    default:
      return linkOptions({ to: `/${target.to}` });
  }
}
