-- Tasks, credits and CVs refer to each other in a circle, so these keys could not be written with their tables.
ALTER TABLE cv.cv_files
    ADD CONSTRAINT cv_files_credit_transaction_id_fkey
    FOREIGN KEY (credit_transaction_id) REFERENCES cv.credit_transactions (id) ON DELETE SET NULL;
ALTER TABLE cv.background_tasks
    ADD CONSTRAINT background_tasks_credit_transaction_id_fkey
    FOREIGN KEY (credit_transaction_id) REFERENCES cv.credit_transactions (id) ON DELETE SET NULL;
ALTER TABLE cv.cv_generation_offers
    ADD CONSTRAINT cv_generation_offers_credit_transaction_id_fkey
    FOREIGN KEY (credit_transaction_id) REFERENCES cv.credit_transactions (id) ON DELETE SET NULL;
ALTER TABLE cv.credit_transactions
    ADD CONSTRAINT credit_transactions_task_id_fkey
    FOREIGN KEY (task_id) REFERENCES cv.background_tasks (id) ON DELETE SET NULL,
    ADD CONSTRAINT credit_transactions_cv_file_id_fkey
    FOREIGN KEY (cv_file_id) REFERENCES cv.cv_files (id) ON DELETE SET NULL,
    ADD CONSTRAINT credit_transactions_related_transaction_id_fkey
    FOREIGN KEY (related_transaction_id) REFERENCES cv.credit_transactions (id) ON DELETE SET NULL;
