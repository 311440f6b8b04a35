/** Implementations of the systems. */
import { Refusal, startService } from "../kit/service.ts";
import type { Services } from "../kit/services.ts";
import { directorySystem, equipmentSystem, facilitiesSystem, mailSystem, payrollSystem } from "./systems.ts";

export type Company = Services<"directory" | "equipment" | "facilities" | "payroll" | "mail">;

export async function startCompany(dataDir: string): Promise<Company> {
  const [directory, equipment, facilities, payroll, mail] = await Promise.all([
    startService({
      shape: directorySystem,
      dataDir,
      tables:
        "create table if not exists accounts (login text not null, groups text not null, active integer not null) strict",
      operations: {
        createAccount: ({ employeeId, groups }, { db }) => {
          const login = `${employeeId.toLowerCase()}@company.example`;
          db.prepare("insert into accounts values (?, ?, 0)").run(login, groups.join(","));
          return { id: `account/${employeeId}`, answer: { login } };
        },
        activate: ({ employeeId, login }, { db }) => {
          const { changes } = db.prepare("update accounts set active = 1 where login = ?").run(login);
          if (changes === 0) throw new Refusal(404, `no account ${login}`);
          return { id: `active/${employeeId}`, answer: { isActive: true } };
        },
      },
    }),
    startService({
      shape: equipmentSystem,
      dataDir,
      tables:
        "create table if not exists orders (employee_id text not null, model text not null, ship_to text not null) strict",
      operations: {
        order: ({ employeeId, model, shipTo }, { db }) => {
          db.prepare("insert into orders values (?, ?, ?)").run(employeeId, model, shipTo);
          return { id: `${model}/${employeeId}`, answer: { orderId: `EQ-${employeeId}` } };
        },
        lend: ({ employeeId }) => ({ id: `loan/${employeeId}`, answer: { loanId: `LOAN-${employeeId}` } }),
      },
    }),
    startService({
      shape: facilitiesSystem,
      dataDir,
      tables: "",
      operations: {
        grantAccess: ({ employeeId, building }) => ({
          id: `${building}/${employeeId}`,
          answer: { badgeId: `BADGE-${employeeId}` },
        }),
        bookBriefing: ({ employeeId }) => ({ id: `briefing/${employeeId}`, answer: { room: "Aquarium" } }),
      },
    }),
    startService({
      shape: payrollSystem,
      dataDir,
      tables: "",
      operations: {
        enrol: ({ employeeId, country }) => ({
          id: `${country}/${employeeId}`,
          answer: { payrollId: `PAYROLL-${employeeId}` },
        }),
      },
    }),
    startService({
      shape: mailSystem,
      dataDir,
      tables: "",
      operations: {
        send: ({ employeeId, subject }) => ({
          id: `${subject}/${employeeId}`,
          answer: { messageId: `MAIL-${employeeId}` },
        }),
      },
    }),
  ]);
  return { directory, equipment, facilities, payroll, mail };
}
