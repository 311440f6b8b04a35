import type { Examination } from "../kernel/engine/doctor.ts";
import type { Engine } from "../kernel/engine/engine.ts";
import type { Erasure } from "../kernel/engine/erase.ts";
import { exportRun, readFixture } from "../kernel/engine/fixtures.ts";
import type { HostFacts } from "../kernel/model/doctor.ts";
import type { RunFixture } from "../kernel/model/fixture.ts";
import { type Handle, RunHandle, type VerbOptions } from "./handle.ts";
import { knownSchema } from "./migrate-store.ts";

export interface DoctorOptions extends VerbOptions {
  /** Also reads every page of the store and every file next to it. */
  full?: boolean;
  /** Repairs what can be repaired. Without it the result only lists what would be repaired. */
  repair?: boolean;
}

export type EraseRequest = ({ run: string } | { key: string }) &
  VerbOptions & {
    /** Reports what would be removed, and removes nothing. */
    dryRun?: boolean;
    /** Cancels runs that have not ended, and waits until they have. */
    cancel?: boolean;
    /** Rewrites the whole file afterwards; all other work waits meanwhile. Default: if the file is at most 64 MiB. */
    vacuum?: boolean;
  };

/** Maintenance of a store. */
export interface Care {
  doctor(options?: DoctorOptions): Promise<Examination>;
  erase(what: EraseRequest): Promise<Erasure>;
  export(id: string): Promise<RunFixture>;
  import(fixture: unknown, options?: VerbOptions): Promise<Handle>;
}

export function openCare(engine: Engine, localActor: string, hostFacts: (() => HostFacts) | null): Care {
  const by = (options: VerbOptions): { actor: string; why: string | null } => ({
    actor: options.actor ?? localActor,
    why: options.why ?? null,
  });
  return {
    doctor: async ({ full = false, repair = false, ...options } = {}) => {
      const examine = (): Promise<Examination> =>
        engine.doctor.examine({ full, host: hostFacts?.() ?? null, knownSchema: knownSchema() });
      if (!repair) return examine();
      const repairs = await engine.doctor.repair(by(options));
      return { ...(await examine()), repairs };
    },
    erase: (request) => {
      const { dryRun = false, cancel = false, vacuum } = request;
      const what = "run" in request ? { run: request.run } : { key: request.key };
      return engine.erase(what, { ...by(request), dryRun, cancel, ...(vacuum === undefined ? {} : { vacuum }) });
    },
    export: (id) => exportRun(engine.store, id),
    import: async (fixture, options = {}) => {
      const id = await engine.import(readFixture(fixture), by(options));
      const no = (await engine.store.query("run", { id }))?.row.no ?? 0;
      return new RunHandle(engine, { no, id, isNew: true }, localActor);
    },
  };
}
