import type { Examination } from "../../kernel/engine/doctor.ts";
import type { DefinitionSizes, StoreSizes, StoreStats } from "../../kernel/ports/queries.ts";
import type { DoctorReport } from "../../wire/doctor.ts";
import type { DefinitionSizesView, StoreSizesView } from "../../wire/store.ts";
import type { WorkerView } from "../../wire/worker.ts";

export function doctorView({ findings, repairs }: Examination): DoctorReport {
  // Worst first, so the first determines the level.
  return { level: findings[0]?.level ?? "ok", findings, repairs };
}

export function sizesView({ now: _now, definitions, ...sizes }: StoreSizes): StoreSizesView {
  return { ...sizes, definitions: definitions.map(definitionView) };
}

function definitionView(sizes: DefinitionSizes): DefinitionSizesView {
  const bytes = sizes.inlineBytes + sizes.payloadBytes + sizes.fileBytes + sizes.logBytes;
  return { ...sizes, bytes, isEstimate: sizes.sampled < sizes.runs };
}

export function workersView({ workers, now }: StoreStats): readonly WorkerView[] {
  return workers.map(({ incarnation: _, startedAt, seenAt, expiresAt, ...worker }) => ({
    ...worker,
    startedAt: new Date(startedAt).toISOString(),
    seenAt: new Date(seenAt).toISOString(),
    isAlive: expiresAt > now,
  }));
}
