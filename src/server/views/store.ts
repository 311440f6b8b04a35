import type { Examination } from "../../kernel/engine/doctor.ts";
import type { DefinitionSizes, StoreSizes } from "../../kernel/ports/queries.ts";
import type { DoctorReport } from "../../wire/doctor.ts";
import type { DefinitionSizesView, StoreSizesView } from "../../wire/store.ts";

export function doctorView({ findings, repairs }: Examination): DoctorReport {
  // Worst first: the first says it all.
  return { level: findings[0]?.level ?? "ok", findings, repairs };
}

export function sizesView({ now: _now, definitions, ...sizes }: StoreSizes): StoreSizesView {
  return { ...sizes, definitions: definitions.map(definitionView) };
}

function definitionView(sizes: DefinitionSizes): DefinitionSizesView {
  const bytes = sizes.inlineBytes + sizes.payloadBytes + sizes.fileBytes + sizes.logBytes;
  return { ...sizes, bytes, isEstimate: sizes.sampled < sizes.runs };
}
