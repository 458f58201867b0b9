import type { JsonResume } from "../../src/model/types";

/** A French CV written for this project. */
export const amelie: JsonResume = {
  basics: {
    name: "Amélie Roussel",
    label: "Ingénieure logiciel backend",
    email: "amelie.roussel@exemple.fr",
    phone: "+33 6 00 00 00 00",
    url: "https://amelie-roussel.exemple.fr",
    summary:
      "Ingénieure backend avec huit ans d'expérience sur des services à forte charge. À l'aise de la modélisation des données à la mise en production, avec le souci de ce qui se passe à trois heures du matin.",
    location: { city: "Lyon", countryCode: "FR" },
    profiles: [{ network: "GitHub", username: "aroussel", url: "https://github.com/aroussel" }],
  },
  work: [
    {
      name: "Tramontane Énergie",
      position: "Ingénieure backend senior",
      startDate: "2021-04",
      summary: "Plateforme de relève de 1,2 million de compteurs communicants.",
      highlights: [
        "Réécriture du service d'ingestion en Rust : débit multiplié par six, mémoire divisée par quatre",
        "Conception du schéma PostgreSQL partitionné et des migrations sans interruption",
        "Astreinte une semaine sur cinq ; temps moyen de rétablissement passé de 52 à 14 minutes",
      ],
    },
    {
      name: "Librairie Cadran",
      position: "Développeuse full-stack",
      startDate: "2017-09",
      endDate: "2021-03",
      summary: "Vente en ligne et gestion des stocks pour 40 librairies indépendantes.",
      highlights: [
        "Mise en place du paiement en trois fois et du rapprochement comptable",
        "Passage d'un serveur unique à un déploiement continu sur Kubernetes",
      ],
    },
  ],
  education: [
    { institution: "INSA Lyon", area: "Informatique", studyType: "Diplôme d'ingénieur", startDate: "2012-09", endDate: "2017-06" },
  ],
  skills: [
    { name: "Langages", keywords: ["Rust", "Python", "TypeScript", "SQL"] },
    { name: "Plateforme", keywords: ["PostgreSQL", "Redis", "Kubernetes", "Prometheus"] },
  ],
  languages: [
    { language: "Français", fluency: "Langue maternelle" },
    { language: "Anglais", fluency: "Courant" },
  ],
};
