/** The servers of the example configuration: one of each kind of login and of each way to choose databases. */
export const exampleInstances = [
  {
    id: 'prod-mysql-01',
    type: 'mysql',
    host: 'db1.example.internal',
    port: 3306,
    credential: 'prod-mysql-01',
    databases: [],
    exclude_databases: ['scratch_*'],
    accounts: true,
    ssl: { mode: 'verify-full', ca: '/etc/ssl/db-ca.pem' },
    connect_timeout: 10,
    lock_wait_timeout: 60,
  },
  {
    id: 'crm-mariadb',
    type: 'mysql',
    socket: '/run/mysqld/mysqld.sock',
    user: 'backup',
    databases: ['crm', 'crm_archive_20??'],
  },
  {
    id: 'billing-pg',
    type: 'postgresql',
    host: '192.0.2.15',
    port: 5432,
    databases: ['billing*'],
    exclude_databases: ['billing_test'],
    ssl: { mode: 'require' },
  },
];
