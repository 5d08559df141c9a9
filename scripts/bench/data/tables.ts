import {
  agents,
  bytes,
  date,
  moment,
  nothing,
  oneOf,
  person,
  places,
  price,
  states,
  uuid,
} from './values.ts';
import { at, capitalised, prose, type Random, word } from './words.ts';

/** One table of the shop: its columns for both kinds of servers, and how a row is made. */
export interface Table {
  name: string;
  /** How much of all bytes it gets. */
  share: number;
  /** Column definitions; the first is the primary key `id`. */
  mysql: string[];
  postgresql: string[];
  /** Keys and constraints, made when the rows are in. */
  keys: string[];
  references?: [column: string, table: string][];
  /** The column that holds hexadecimal digits of bytes. */
  binary?: string;
  /** Values in the order of the columns, without the id. `counts` tells how many rows the tables before have. */
  row: (next: Random, counts: ReadonlyMap<string, number>) => (string | number)[];
}

export const tables: readonly Table[] = [
  {
    name: 'customers',
    share: 0.09,
    mysql: [
      'uuid char(36) NOT NULL',
      'name varchar(120) NOT NULL',
      'email varchar(160) NOT NULL',
      'city varchar(40)',
      'born date',
      'registered datetime NOT NULL',
      'settings json',
    ],
    postgresql: [
      'uuid uuid NOT NULL',
      'name varchar(120) NOT NULL',
      'email varchar(160) NOT NULL',
      'city varchar(40)',
      'born date',
      'registered timestamp NOT NULL',
      'settings jsonb',
    ],
    keys: ['uuid', 'email'],
    row: (next) => {
      const name = person(next);
      const email = `${name.replace(' ', '.').toLowerCase()}${next() % 10_000}@example.${at(['com', 'org', 'net'], next())}`;
      const settings = `{"theme": "${at(['light', 'dark', 'auto'], next())}", "newsletter": ${(next() & 1) === 0}, "language": "${at(['en', 'pt', 'de', 'fr'], next())}"}`;
      return [
        uuid(next),
        name,
        email,
        at(places, next()),
        (next() & 7) === 0 ? nothing : date(next),
        moment(next),
        settings,
      ];
    },
  },
  {
    name: 'products',
    share: 0.06,
    mysql: [
      'sku varchar(20) NOT NULL',
      'name varchar(120) NOT NULL',
      'price decimal(10,2) NOT NULL',
      'weight double',
      'attributes json',
      'description text',
    ],
    postgresql: [
      'sku varchar(20) NOT NULL',
      'name varchar(120) NOT NULL',
      'price decimal(10,2) NOT NULL',
      'weight double precision',
      'attributes jsonb',
      'description text',
    ],
    keys: ['sku', 'price'],
    row: (next) => [
      `${at(['AB', 'CX', 'KL', 'ZZ'], next())}-${next() % 1_000_000}`,
      `${capitalised(word(next))} ${word(next)} ${word(next)}`,
      price(next),
      (next() % 10_000) / 8,
      `{"colour": "${word(next)}", "sizes": [${next() % 50}, ${next() % 50}], "tags": ["${word(next)}", "${word(next)}"]}`,
      prose(next, 10 + (next() % 90)),
    ],
  },
  {
    name: 'orders',
    share: 0.11,
    mysql: [
      'customer_id bigint NOT NULL',
      'ordered datetime NOT NULL',
      'state varchar(12) NOT NULL',
      'total decimal(10,2) NOT NULL',
      'shipping json',
      'note varchar(400)',
    ],
    postgresql: [
      'customer_id bigint NOT NULL',
      'ordered timestamp NOT NULL',
      'state varchar(12) NOT NULL',
      'total decimal(10,2) NOT NULL',
      'shipping jsonb',
      'note varchar(400)',
    ],
    keys: ['customer_id', 'ordered'],
    references: [['customer_id', 'customers']],
    row: (next, counts) => [
      oneOf('customers', next, counts),
      moment(next),
      at(states, next()),
      price(next),
      `{"street": "${capitalised(word(next))} ${1 + (next() % 200)}", "city": "${at(places, next())}", "express": ${(next() & 7) === 0}}`,
      (next() & 3) === 0 ? prose(next, 3 + (next() % 20)) : nothing,
    ],
  },
  {
    name: 'order_items',
    share: 0.12,
    mysql: [
      'order_id bigint NOT NULL',
      'product_id bigint NOT NULL',
      'quantity int NOT NULL',
      'price decimal(10,2) NOT NULL',
      'discount decimal(4,2)',
    ],
    postgresql: [
      'order_id bigint NOT NULL',
      'product_id bigint NOT NULL',
      'quantity int NOT NULL',
      'price decimal(10,2) NOT NULL',
      'discount decimal(4,2)',
    ],
    keys: ['order_id', 'product_id'],
    references: [
      ['order_id', 'orders'],
      ['product_id', 'products'],
    ],
    row: (next, counts) => [
      oneOf('orders', next, counts),
      oneOf('products', next, counts),
      1 + (next() % 5),
      price(next),
      (next() & 3) === 0 ? `${next() % 30}.00` : nothing,
    ],
  },
  {
    name: 'page_views',
    share: 0.4,
    mysql: [
      'session char(36) NOT NULL',
      'customer_id bigint',
      'seen datetime(3) NOT NULL',
      'path varchar(200) NOT NULL',
      'milliseconds int NOT NULL',
      'address varchar(40) NOT NULL',
      'agent varchar(200) NOT NULL',
      'payload json',
    ],
    postgresql: [
      'session uuid NOT NULL',
      'customer_id bigint',
      'seen timestamp(3) NOT NULL',
      'path varchar(200) NOT NULL',
      'milliseconds int NOT NULL',
      'address varchar(40) NOT NULL',
      'agent varchar(200) NOT NULL',
      'payload jsonb',
    ],
    keys: ['customer_id', 'seen'],
    row: (next, counts) => [
      uuid(next),
      (next() & 1) === 0 ? nothing : oneOf('customers', next, counts),
      `${moment(next)}.${100 + (next() % 900)}`,
      `/${word(next)}/${word(next)}?item=${next() % 100_000}`,
      next() % 4000,
      `10.${next() & 255}.${next() & 255}.${next() & 255}`,
      at(agents, next()),
      `{"event": "${at(['view', 'click', 'scroll', 'buy'], next())}", "x": ${next() % 1920}, "y": ${next() % 1080}, "search": "${word(next)} ${word(next)}"}`,
    ],
  },
  {
    name: 'reviews',
    share: 0.16,
    mysql: [
      'product_id bigint NOT NULL',
      'customer_id bigint NOT NULL',
      'rating smallint NOT NULL',
      'written datetime NOT NULL',
      'title varchar(160)',
      'body text',
    ],
    postgresql: [
      'product_id bigint NOT NULL',
      'customer_id bigint NOT NULL',
      'rating smallint NOT NULL',
      'written timestamp NOT NULL',
      'title varchar(160)',
      'body text',
    ],
    keys: ['product_id', 'customer_id'],
    references: [
      ['product_id', 'products'],
      ['customer_id', 'customers'],
    ],
    row: (next, counts) => [
      oneOf('products', next, counts),
      oneOf('customers', next, counts),
      1 + (next() % 5),
      moment(next),
      prose(next, 2 + (next() % 6)),
      prose(next, 5 + (next() % 16) * (next() % 16)),
    ],
  },
  {
    name: 'documents',
    share: 0.06,
    mysql: [
      'customer_id bigint NOT NULL',
      'name varchar(120) NOT NULL',
      'mime varchar(40) NOT NULL',
      'content mediumblob NOT NULL',
    ],
    postgresql: [
      'customer_id bigint NOT NULL',
      'name varchar(120) NOT NULL',
      'mime varchar(40) NOT NULL',
      'content bytea NOT NULL',
    ],
    keys: ['customer_id'],
    references: [['customer_id', 'customers']],
    binary: 'content',
    row: (next, counts) => [
      oneOf('customers', next, counts),
      `${word(next)}-${next() % 10_000}.${at(['pdf', 'jpg', 'zip'], next())}`,
      at(['application/pdf', 'image/jpeg', 'application/zip'], next()),
      bytes(next, 200 + (next() % 8000)),
    ],
  },
];
