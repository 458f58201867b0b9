-- The design of the PDFs that an export template makes.
--
-- Why: a template says which sections a document has; how it looks belongs to the same choice.
-- Locks taken: ACCESS EXCLUSIVE on cv.export_templates for a moment (a constant default writes no row). Undo: drop the
-- column.

ALTER TABLE cv.export_templates ADD COLUMN design text NOT NULL DEFAULT 'classic'
    CONSTRAINT export_templates_design_check CHECK (design IN ('classic', 'modern', 'sidebar', 'compact'));
