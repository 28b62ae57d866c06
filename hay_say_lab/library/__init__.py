"""How voices come in: fetching, sources, archives, containers, recognition, passports. Nothing here executes what came."""
