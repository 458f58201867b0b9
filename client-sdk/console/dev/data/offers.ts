import type { JobOfferContent } from "../../src/model/types";

interface Edit {
  readonly path: string;
  readonly after: unknown;
  readonly reason: string;
}

/** An offer of the fake server, with what its fake generation changes in Jane's CV. */
export interface DevOffer {
  readonly url: string;
  readonly content: JobOfferContent;
  readonly edits: readonly Edit[];
  readonly score: readonly [before: number, after: number];
}

const blank: JobOfferContent = {
  title: null,
  company: null,
  contract: null,
  experience: { min_years: null, max_years: null, level: null },
  location: { city: null, country: null, remote: null },
  salary: { min: null, max: null, currency: null, period: null },
  skills: { required: [], nice_to_have: [] },
  education: { level: null, field: null },
  languages: [],
  responsibilities: [],
  benefits: [],
};

export const offers: readonly DevOffer[] = [
  {
    url: "https://careers.northwind.example/jobs/platform-engineer",
    score: [58, 81],
    content: {
      ...blank,
      title: "Senior Platform Engineer",
      company: "Northwind Logistics",
      contract: "CDI",
      experience: { min_years: 5, max_years: 8, level: "senior" },
      location: { city: "Rotterdam", country: "NL", remote: "hybrid" },
      salary: { min: 78000, max: 96000, currency: "EUR", period: "year" },
      skills: {
        required: ["Kubernetes", "Terraform", "AWS", "Node.js", "PostgreSQL", "Observability"],
        nice_to_have: ["Go", "GraphQL"],
      },
      education: { level: "bachelor", field: "Computer Science" },
      languages: [{ language: "English", level: "C1" }],
      responsibilities: [
        "Run the platform on which 60 product engineers ship every day",
        "Own the Kubernetes clusters, their cost and their upgrades",
        "Coach teams on observability and incident response",
      ],
      benefits: ["30 days of leave", "Four-day week possible", "Training budget"],
    },
    edits: [
      {
        path: "/basics/label",
        after: "Senior Platform Engineer",
        reason: "Names the role that the offer asks for; five years of platform work support it.",
      },
      {
        path: "/basics/summary",
        after:
          "Platform-minded software engineer with 5+ years of experience building and running scalable web applications on Kubernetes and AWS. Specialized in Node.js and cloud architecture. Enjoys solving complex problems and mentoring junior developers.",
        reason: "Puts Kubernetes and AWS, the offer's first requirements, into the first sentence.",
      },
      {
        path: "/work/0/summary",
        after:
          "Lead development of a Kubernetes-based microservices platform serving 10M+ users. Mentored a team of 5 junior engineers and improved the deployment pipeline, reducing release time by 60%.",
        reason: "The platform itself is what this offer is about: it moves to the front.",
      },
      {
        path: "/work/0/highlights/3",
        after:
          "Implemented CI/CD with GitHub Actions and Terraform-managed environments, reducing deployment time from 2 hours to 15 minutes",
        reason: "Terraform is listed among the CV's skills and required by the offer.",
      },
      {
        path: "/skills/2/keywords",
        after: ["Kubernetes", "AWS", "Terraform", "Docker", "GitHub Actions", "Nginx"],
        reason: "Required skills first.",
      },
    ],
  },
  {
    url: "https://jobs.brasserie-numerique.example/offre/4812",
    score: [44, 63],
    content: {
      ...blank,
      title: "Développeur·se full-stack React / Node.js",
      company: "Brasserie Numérique",
      contract: "CDI",
      experience: { min_years: 3, max_years: null, level: "confirmé" },
      location: { city: "Nantes", country: "FR", remote: "full" },
      salary: { min: 45000, max: 54000, currency: "EUR", period: "year" },
      skills: { required: ["React", "Node.js", "TypeScript", "PostgreSQL", "Tests automatisés"], nice_to_have: ["Next.js", "RGAA"] },
      education: { level: "master", field: "Informatique" },
      languages: [{ language: "français", level: "C1" }],
      responsibilities: ["Concevoir et livrer les parcours de réservation", "Tenir l'accessibilité au niveau RGAA AA"],
      benefits: ["Télétravail intégral", "Mutuelle prise en charge à 100 %"],
    },
    edits: [
      {
        path: "/basics/summary",
        after:
          "Full-stack engineer with 5+ years of experience building scalable web applications with React, Next.js and Node.js. Careful about accessibility and automated tests. Loves solving complex problems and mentoring junior developers.",
        reason: "React and Node.js are required; accessibility (RGAA) is asked for and proven by two publications.",
      },
      {
        path: "/work/1/summary",
        after:
          "Built customer-facing web applications from scratch using React, TypeScript and Node.js. Worked directly with founders to define the product roadmap and technical architecture.",
        reason: "TypeScript is required; it is among the skills of the CV.",
      },
      {
        path: "/skills/0/keywords",
        after: ["React", "TypeScript", "Next.js", "Jest", "Redux", "Tailwind CSS", "Webpack"],
        reason: "Required skills first; tests moved up.",
      },
    ],
  },
  {
    url: "https://boards.heliotrope.example/roles/engineering-manager-web",
    score: [51, 70],
    content: {
      ...blank,
      title: "Engineering Lead, Web Experience",
      company: "Heliotrope Health",
      contract: "CDI",
      experience: { min_years: 6, max_years: null, level: "lead" },
      location: { city: "Dublin", country: "IE", remote: "onsite" },
      skills: { required: ["React", "Mentoring", "Accessibility", "Performance"], nice_to_have: ["Healthcare"] },
      responsibilities: ["Lead a team of six engineers", "Own the quality bar of the patient portal"],
    },
    edits: [
      {
        path: "/basics/label",
        after: "Lead Full Stack Engineer",
        reason: "The offer is for a lead; the current position leads a platform and mentors five engineers.",
      },
      {
        path: "/work/0/highlights/0",
        after: "Led the architecture and delivery of a new microservices platform using Node.js and Kubernetes",
        reason: "Shows leading, which the offer weighs most.",
      },
      {
        path: "/work/2/summary",
        after: "Developed responsive, accessible websites for clients using modern frontend technologies, in daily contact with designers.",
        reason: "Shorter: an early position, and accessibility is what this offer looks for.",
      },
    ],
  },
];

/** An offer that any other source is read as. */
export function anyOffer(text: string): DevOffer {
  const title = text.split("\n").find((line) => line.trim() !== "")?.replace(/^#+\s*/u, "").slice(0, 80) ?? "Job offer";
  const first = offers[0];
  if (first === undefined) throw new Error("no offers");
  return { ...first, url: "", score: [49, 66], content: { ...first.content, title, company: null }, edits: first.edits.slice(1, 4) };
}
