/** Implementations of the systems. */
import { Refusal, type Service, startService } from "../kit/service.ts";
import type { Services } from "../kit/services.ts";
import { carrierSystem, mailSystem, paymentsSystem, warehouseSystem } from "./systems.ts";

export type Shop = Services<"warehouse" | "payments" | "carrier" | "mail">;

export async function startShop(dataDir: string): Promise<Shop> {
  const [warehouse, payments, carrier, mail] = await Promise.all([
    startWarehouse(dataDir),
    startPayments(dataDir),
    startService({
      shape: carrierSystem,
      dataDir,
      tables: "",
      operations: {
        collect: ({ orderId, address }) => {
          if (address === "nowhere") throw new Refusal(422, "unknown address");
          return { id: `collect/${orderId}`, answer: { trackingId: `TRACK-${orderId}` } };
        },
      },
    }),
    startService({
      shape: mailSystem,
      dataDir,
      tables: "",
      operations: {
        send: ({ orderId, subject }) => ({ id: `${subject}/${orderId}`, answer: { messageId: `MAIL-${orderId}` } }),
      },
    }),
  ]);
  return { warehouse, payments, carrier, mail };
}

function startWarehouse(dataDir: string): Promise<Service> {
  return startService({
    shape: warehouseSystem,
    dataDir,
    tables: `
      create table if not exists stock (sku text primary key, free integer not null) strict;
      create table if not exists reserved (key text not null, order_id text not null, sku text not null, quantity integer not null) strict;
      create table if not exists parcels (key text not null, order_id text not null) strict;
      insert or ignore into stock values ('lamp', 1000), ('desk', 0);
    `,
    operations: {
      reserve: ({ orderId, items }, { db, key }) => {
        const free = db.prepare("select free from stock where sku = ?");
        const missing = items
          .filter(({ sku, quantity }) => Number(free.get(sku)?.["free"] ?? 0) < quantity)
          .map(({ sku }) => sku);
        if (missing.length > 0) return { id: `missing/${orderId}`, answer: { reservationId: null, missing } };
        for (const { sku, quantity } of items) {
          db.prepare("update stock set free = free - ? where sku = ?").run(quantity, sku);
          db.prepare("insert into reserved values (?, ?, ?, ?)").run(key, orderId, sku, quantity);
        }
        return { id: `reserve/${orderId}`, answer: { reservationId: `RES-${orderId}`, missing } };
      },
      release: ({ orderId, reserveKey }, { db }) => {
        db.prepare(
          `update stock set free = free +
             (select coalesce(sum(quantity), 0) from reserved r where r.key = ? and r.sku = stock.sku)`,
        ).run(reserveKey);
        db.prepare("delete from reserved where key = ?").run(reserveKey);
        return { id: `release/${orderId}`, answer: {} };
      },
      pack: ({ orderId }, { db, key }) => {
        db.prepare("insert into parcels values (?, ?)").run(key, orderId);
        return { id: `pack/${orderId}`, answer: { parcelId: `PARCEL-${orderId}` } };
      },
      unpack: ({ orderId, packKey }, { db }) => {
        db.prepare("delete from parcels where key = ?").run(packKey);
        return { id: `unpack/${orderId}`, answer: {} };
      },
    },
  });
}

function startPayments(dataDir: string): Promise<Service> {
  return startService({
    shape: paymentsSystem,
    dataDir,
    tables: `
      create table if not exists charges (key text not null, order_id text not null, cents integer not null) strict;
      create table if not exists refunds (charge_key text primary key) strict;
    `,
    operations: {
      charge: ({ orderId, card, cents }, { db, key }) => {
        if (card === "declined") throw new Refusal(402, "the card was declined");
        if (db.prepare("select 1 from refunds where charge_key = ?").get(key) !== undefined)
          throw new Refusal(409, "this charge was cancelled");
        db.prepare("insert into charges values (?, ?, ?)").run(key, orderId, cents);
        return { id: `charge/${orderId}`, answer: { paymentId: `PAY-${orderId}` } };
      },
      refund: ({ orderId, chargeKey }, { db }) => {
        db.prepare("insert or ignore into refunds values (?)").run(chargeKey);
        return { id: `refund/${orderId}`, answer: {} };
      },
    },
  });
}
