/** What the delicatessen sells and to whom: text in several scripts, as customers of a real shop type it. */

export const categories: [id: number, parent: number | null, name: string][] = [
  [1, null, 'Delicatessen'],
  [2, 1, 'Käse & Molkerei'],
  [3, 1, 'Charcuterie'],
  [4, 1, 'Vin et spiritueux'],
  [5, 2, 'Fromage de chèvre 🐐'],
  [6, 2, 'Blue cheese'],
  [7, 3, 'Jamón ibérico'],
  [8, 3, 'Würste'],
  [9, 4, 'Grüner Veltliner'],
  [10, 4, '日本酒'],
  [11, null, 'Подарки'],
  [12, 11, 'Chef\'s baskets, 100% "handmade"'],
];

export const places: [place: string, country: string, longitude: number, latitude: number][] = [
  ['Gruyères', 'CH', 7.081, 46.583],
  ['Jabugo', 'ES', -6.727, 37.918],
  ['Zürich', 'CH', 8.541, 47.374],
  ['Kraków', 'PL', 19.945, 50.064],
  ['Reykjavík', 'IS', -21.942, 64.147],
  ['São Paulo', 'BR', -46.633, -23.55],
  ['京都', 'JP', 135.768, 35.011],
  ['Θεσσαλονίκη', 'GR', 22.944, 40.64],
  ['Кишинёв', 'MD', 28.863, 47.01],
  ['حلب', 'SY', 37.134, 36.202],
];

export const makers = [
  'Hnos. Ibáñez',
  'Käserei Öberg',
  "O'Brien & Söhne",
  'Ferme de l’Étoile',
  '山田商店',
  'Мельник',
];

export const goods = [
  'Bergkäse 18 Monate',
  'Brie de Meaux',
  'Crème fraîche',
  'Jamón 5J',
  "Nonna's pesto",
  'Paté en croûte',
  'Sake 純米大吟醸 🍶',
  'Smoked trout 🐟',
  'Straußeneier',
  'Tarte aux mûres',
  'Чёрный хлеб',
  'زعفران',
  'חלווה',
  'C:\\Relish\\100%_hot\t(new)',
];

export const givenNames = [
  'Ana',
  'Bjørn',
  'Chloë',
  'Dmitri',
  'Eiríkur',
  'Faḍila',
  'Gonçalo',
  'Hanako',
  'Łucja',
  'Zoë',
];
export const familyNames = [
  "D'Angelo",
  'Müller',
  'Nguyễn',
  'Okonkwo',
  'Señor',
  'Șerban',
  'Þórsson',
  '佐藤',
  'Ωmega',
  'de la Cruz',
];
export const remarks = [
  'ring twice',
  'leave with the neighbour; thanks',
  "it's a gift 🎁 -- no invoice",
  'línea uno\nlínea dos\r\nlínea tres',
  'tab\tand "quotes" and \\backslash',
  '/* not a comment */ DELIMITER //',
  '',
];
export const seasons = ['spring', 'summer', 'autumn', 'winter', 'always'] as const;
export const labels = ['organic', 'vegan', 'raw milk', 'PDO'] as const;
export const states = ['open', 'paid', 'shipped', 'returned'] as const;
