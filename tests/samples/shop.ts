import { dice, type Dice } from './random.ts';
import * as words from './words.ts';

export type Value = string | number | boolean | null | Buffer | readonly string[] | Record<string, unknown>;
export type Row = Record<string, Value>;

/** The rows of the delicatessen, by table; every engine's sample stores the same. */
export interface Shop {
  categories: Row[];
  producers: (Row & { longitude: number; latitude: number })[];
  products: (Row & { id: number; labels: readonly string[] })[];
  customers: Row[];
  departments: Row[];
  employees: Row[];
  orders: Row[];
  orderLines: Row[];
  movements: Row[];
}

const sizes = { producers: 40, products: 160, customers: 240, employees: 16, orders: 700, movements: 500 };
const firstDay = Date.UTC(2024, 0, 1);

/** Makes the rows: the same ones every time. */
export function makeShop(): Shop {
  const random = dice(20_260_109);
  const upTo = <Made>(count: number, make: (id: number) => Made): Made[] =>
    Array.from({ length: count }, (_, index) => make(index + 1));
  const products = upTo(sizes.products, (id) => makeProduct(random, id));
  const orders = upTo(sizes.orders, (id) => makeOrder(random, id));
  return {
    categories: words.categories.map(([id, parent_id, name]) => ({ id, parent_id, name })),
    producers: upTo(sizes.producers, (id) => makeProducer(random, id)),
    products,
    customers: upTo(sizes.customers, (id) => makeCustomer(random, id)),
    departments: [
      { id: 1, name: 'Einkauf', manager_id: 2 },
      { id: 2, name: 'Cocina', manager_id: 1 },
      { id: 3, name: '配達', manager_id: null },
    ],
    employees: upTo(sizes.employees, (id) => ({
      id,
      name: fullName(random),
      department_id: random.int(1, 3),
      mentor_id: id > 2 ? random.int(1, id - 1) : null,
    })),
    orders,
    orderLines: orders.flatMap(({ id }) => makeLines(random, Number(id))),
    movements: upTo(sizes.movements, (id) => ({
      id,
      moved_on: day(random.int(0, 1090)),
      product_id: random.int(1, sizes.products),
      quantity: random.int(-40, 90),
    })),
  };
}

function makeProducer(random: Dice, id: number): Shop['producers'][number] {
  const [place, country, longitude, latitude] = random.pick(words.places);
  const name = `${random.pick(words.makers)} ${place} ${id}`;
  return {
    id,
    name,
    country,
    longitude,
    latitude,
    website: random.chance(0.3) ? null : `https://producer-${id}.example/`,
  };
}

function makeProduct(random: Dice, id: number): Shop['products'][number] {
  return {
    id,
    sku: `SKU-${String(id).padStart(5, '0')}`,
    name: `${random.pick(words.goods)} №${id}`,
    category_id: random.int(2, 12),
    producer_id: random.int(1, sizes.producers),
    price: `${random.int(0, 180)}.${String(random.int(0, 99)).padStart(2, '0')}`,
    weight_g: random.int(20, 5000),
    season: random.pick(words.seasons),
    labels: words.labels.filter(() => random.chance(0.3)),
    attributes: {
      origin: random.pick(words.places)[0],
      stars: random.int(1, 5),
      notes: [random.pick(words.remarks), null],
    },
    picture: random.chance(0.2) ? null : random.bytes(random.int(0, 300)),
    introduced: day(random.int(0, 700)),
  };
}

function makeCustomer(random: Dice, id: number): Row {
  return {
    id,
    name: fullName(random),
    email: random.chance(0.1) ? null : `customer${id}@example.org`,
    newsletter: random.chance(0.5),
    joined_at: moment(random.int(0, 600), random),
  };
}

function makeOrder(random: Dice, id: number): Row {
  return {
    id,
    customer_id: random.int(1, sizes.customers),
    placed_at: moment(random.int(0, 730), random),
    state: random.pick(words.states),
    remark: random.chance(0.5) ? null : random.pick(words.remarks),
  };
}

function makeLines(random: Dice, order: number): Row[] {
  return Array.from({ length: random.int(1, 4) }, (_, index) => ({
    order_id: order,
    line: index + 1,
    product_id: random.int(1, sizes.products),
    quantity: random.int(1, 12),
    unit_price: `${random.int(1, 180)}.${String(random.int(0, 99)).padStart(2, '0')}`,
  }));
}

function fullName(random: Dice): string {
  return `${random.pick(words.givenNames)} ${random.pick(words.familyNames)}`;
}

function day(offset: number): string {
  return new Date(firstDay + offset * 86_400_000).toISOString().slice(0, 10);
}

/** To the microsecond, because databases keep them and dumps must. */
function moment(offset: number, random: Dice): string {
  const time = [random.int(0, 23), random.int(0, 59), random.int(0, 59)].map((part) =>
    String(part).padStart(2, '0'),
  );
  return `${day(offset)} ${time.join(':')}.${String(random.int(0, 999_999)).padStart(6, '0')}`;
}

/** Every byte there is, once. */
export const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
